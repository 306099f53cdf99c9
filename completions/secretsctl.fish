# SPDX-License-Identifier: MIT
# Completion of secretsctl(8) for fish.

complete -c secretsctl -f
complete -c secretsctl -n __fish_use_subcommand -l help -d 'list the commands'
complete -c secretsctl -n __fish_use_subcommand -l version -d 'print the version'
complete -c secretsctl -n __fish_use_subcommand -a audit -d 'check that a file of events is whole and unchanged'
complete -c secretsctl -n '__fish_seen_subcommand_from audit' -l help -d 'list the options'
complete -c secretsctl -n '__fish_seen_subcommand_from audit' -x -l anchor -d 'an event that must be in the file'
complete -c secretsctl -n '__fish_seen_subcommand_from audit' -F
