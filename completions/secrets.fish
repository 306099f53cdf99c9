# SPDX-License-Identifier: MIT
# Completion of secrets(1) for fish.

set -l commands put get info burn receipt request answer collect passwords
set -l net 'put get info burn receipt request answer collect'
set -l methods 'tty stdin env: file:'

complete -c secrets -f
complete -c secrets -n __fish_use_subcommand -l help -s h -d 'list the commands'
complete -c secrets -n __fish_use_subcommand -l version -d 'print the version'
complete -c secrets -n __fish_use_subcommand -a put -d 'share a file or standard input'
complete -c secrets -n __fish_use_subcommand -a get -d 'open a link'
complete -c secrets -n __fish_use_subcommand -a info -d 'look at a link without opening it'
complete -c secrets -n __fish_use_subcommand -a burn -d 'destroy what you shared, or end a request'
complete -c secrets -n __fish_use_subcommand -a receipt -d 'show what happened to what you shared'
complete -c secrets -n __fish_use_subcommand -a request -d 'ask for a secret'
complete -c secrets -n __fish_use_subcommand -a answer -d 'give the secret that a link asks for'
complete -c secrets -n __fish_use_subcommand -a collect -d 'read the answers'
complete -c secrets -n __fish_use_subcommand -a passwords -d 'generate random passwords'

complete -c secrets -n "__fish_seen_subcommand_from $commands" -s j -l json -d 'print JSON, for scripts'
complete -c secrets -n "__fish_seen_subcommand_from $commands" -s q -l quiet -d 'print no notes and no progress'
complete -c secrets -n "__fish_seen_subcommand_from $commands" -s h -l help -d 'list the options'
complete -c secrets -n "__fish_seen_subcommand_from $net" -s s -l server -x -d 'the server to use'
complete -c secrets -n "__fish_seen_subcommand_from $net" -l patience -x -a '30s 2m 15m 1h' -d 'how long to retry'
complete -c secrets -n "__fish_seen_subcommand_from $net" -l no-state -d 'keep no tokens on this machine'

complete -c secrets -n '__fish_seen_subcommand_from put' -F
complete -c secrets -n '__fish_seen_subcommand_from put' -s f -l file -r -F -d 'share this file'
complete -c secrets -n '__fish_seen_subcommand_from put' -s n -l name -x -d 'name for the recipient'
complete -c secrets -n '__fish_seen_subcommand_from put' -s v -l views -x -d 'how many times it can be opened'
complete -c secrets -n '__fish_seen_subcommand_from put request' -s t -l ttl -x -a '15m 1h 6h 1d 5d 2w' -d 'how long it is kept'
complete -c secrets -n '__fish_seen_subcommand_from put get' -s p -l passphrase -x -a "$methods" -d 'passphrase'
complete -c secrets -n '__fish_seen_subcommand_from put request' -l to -x -d 'encrypt to this key'
complete -c secrets -n '__fish_seen_subcommand_from get collect' -s i -l identity -r -F -d 'open with the secret key in this file'
complete -c secrets -n '__fish_seen_subcommand_from put' -s k -l key-apart -d 'print the link key separately'
complete -c secrets -n '__fish_seen_subcommand_from put' -s r -l resume -d 'finish an interrupted upload'
complete -c secrets -n '__fish_seen_subcommand_from put' -s c -l classic -d 'use the classic service'
complete -c secrets -n '__fish_seen_subcommand_from put answer' -l allow-empty -d 'share an empty standard input'
complete -c secrets -n '__fish_seen_subcommand_from answer' -l yes -d 'send without asking'
complete -c secrets -n '__fish_seen_subcommand_from put request' -s Q -l qr -d 'show a QR code'
complete -c secrets -n '__fish_seen_subcommand_from put request' -l page -x -d 'the page that the link leads to'
complete -c secrets -n '__fish_seen_subcommand_from put request' -l api-token -x -a "$methods" -d 'read the API token from'
complete -c secrets -n '__fish_seen_subcommand_from get' -s K -l key -x -a "$methods" -d 'link key'
complete -c secrets -n '__fish_seen_subcommand_from get collect' -s o -l output -r -F -d 'file, directory or -'
complete -c secrets -n '__fish_seen_subcommand_from get' -s F -l force -d overwrite
complete -c secrets -n '__fish_seen_subcommand_from get' -s b -l burn -d 'destroy it once it was received'
complete -c secrets -n '__fish_seen_subcommand_from burn receipt' -s T -l token -x -a "$methods" -d 'owner token'
complete -c secrets -n '__fish_seen_subcommand_from receipt collect' -s w -l wait -d 'wait until it was opened or answered'
complete -c secrets -n '__fish_seen_subcommand_from answer' -F
complete -c secrets -n '__fish_seen_subcommand_from request' -l note -x -d 'what you ask for'
complete -c secrets -n '__fish_seen_subcommand_from request' -l answers -x -d 'how many answers are taken'
complete -c secrets -n '__fish_seen_subcommand_from request' -l answer-size -x -d 'how large each answer may be'
complete -c secrets -n '__fish_seen_subcommand_from passwords' -s l -l length -x -d characters
complete -c secrets -n '__fish_seen_subcommand_from passwords' -s C -l count -x -d 'how many'
