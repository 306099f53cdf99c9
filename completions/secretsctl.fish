# SPDX-License-Identifier: MIT
# Completion of secretsctl(8) for fish.

complete -c secretsctl -f
complete -c secretsctl -n __fish_use_subcommand -l help -d 'list the commands'
complete -c secretsctl -n __fish_use_subcommand -l version -d 'print the version'
complete -c secretsctl -n __fish_use_subcommand -a remove -d 'take a secret down, by its link or id'
complete -c secretsctl -n __fish_use_subcommand -a stats -d 'count what the server holds'
complete -c secretsctl -n __fish_use_subcommand -a events -d 'print what happened to all secrets, or to one'
complete -c secretsctl -n __fish_use_subcommand -a audit -d 'check that a file of events is whole and unchanged'
complete -c secretsctl -n __fish_use_subcommand -a forward -d 'pass events on to a webhook or a program'
complete -c secretsctl -n __fish_use_subcommand -a token -d 'make an API token, and its line for the file of the server'
complete -c secretsctl -n '__fish_seen_subcommand_from remove stats events audit forward token' -l help -d 'list the options'
complete -c secretsctl -n '__fish_seen_subcommand_from remove stats events forward' -r -F -l socket -d 'the socket of the server'
complete -c secretsctl -n '__fish_seen_subcommand_from remove stats' -l json -d 'print JSON, for scripts'
complete -c secretsctl -n '__fish_seen_subcommand_from events' -x -l after -d 'only events with a higher number'
complete -c secretsctl -n '__fish_seen_subcommand_from events' -l follow -d 'wait for further events'
complete -c secretsctl -n '__fish_seen_subcommand_from audit' -x -l anchor -d 'an event that must be in the file'
complete -c secretsctl -n '__fish_seen_subcommand_from audit' -F
complete -c secretsctl -n '__fish_seen_subcommand_from forward' -x -l url -d 'send each event to this webhook'
complete -c secretsctl -n '__fish_seen_subcommand_from forward' -x -l key -a 'env: file:' -d 'where the signing key is'
complete -c secretsctl -n '__fish_seen_subcommand_from forward' -r -F -l place -d 'the file that keeps how far it is'
complete -c secretsctl -n '__fish_seen_subcommand_from forward' -l from-now -d 'begin with the next event'
complete -c secretsctl -n '__fish_seen_subcommand_from forward' -l resume -d 'go on although it was parked'
complete -c secretsctl -n '__fish_seen_subcommand_from forward' -x -l exec -a '(__fish_complete_command)' -d 'run this program with each event'
