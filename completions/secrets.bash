# SPDX-License-Identifier: MIT
# Completion of secrets(1) for bash.

_secrets_methods() {
    local cur=$1
    case $cur in
        env:*) mapfile -t COMPREPLY < <(compgen -v -P env: -- "${cur#env:}") ;;
        file:*) mapfile -t COMPREPLY < <(compgen -f -P file: -- "${cur#file:}") ;;
        *)
            mapfile -t COMPREPLY < <(compgen -W 'tty stdin env: file:' -- "$cur")
            compopt -o nospace
            ;;
    esac
    # Bash treats ":" as the end of a word.
    if declare -F __ltrim_colon_completions >/dev/null; then __ltrim_colon_completions "$cur"; fi
}

_secrets() {
    local cur prev command words common='--help --json --quiet'
    local net='--server --patience --no-state'
    COMPREPLY=()
    if declare -F _get_comp_words_by_ref >/dev/null; then
        _get_comp_words_by_ref -n : cur prev
    else
        cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
    fi
    if [ "$COMP_CWORD" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W 'put get info burn receipt request answer collect passwords --help --version' -- "$cur")
        return
    fi
    command=${COMP_WORDS[1]}
    case $prev in
        --passphrase | -p | --key | -K | --token | -T | --api-token) _secrets_methods "$cur"; return ;;
        --file | -f | --output | -o | --identity | -i) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
        --ttl | -t | --patience) mapfile -t COMPREPLY < <(compgen -W '15m 1h 6h 1d 5d 2w' -- "$cur"); return ;;
        --server | -s | --page | --to | --note | --answers | --answer-size | --name | -n | --views | -v | --length | -l | --count | -C) return ;;
    esac
    case $command in
        put) words="--file --name --views --ttl --passphrase --to --key-apart --resume --classic --allow-empty --qr --page --api-token $net" ;;
        get) words="--passphrase --identity --key --output --force --burn $net" ;;
        info) words=$net ;;
        burn) words="--token $net" ;;
        receipt) words="--token --wait $net" ;;
        request) words="--note --answers --answer-size --ttl --to --qr --page --api-token $net" ;;
        answer) words="--allow-empty --yes $net" ;;
        collect) words="--identity --output --wait $net" ;;
        passwords) words='--length --count' ;;
        *) return ;;
    esac
    case $cur in
        -*) mapfile -t COMPREPLY < <(compgen -W "$words $common" -- "$cur") ;;
        *)
            if [ "$command" = put ] || [ "$command" = answer ]; then
                compopt -o filenames
                mapfile -t COMPREPLY < <(compgen -f -- "$cur")
            fi
            ;;
    esac
}

complete -F _secrets secrets
