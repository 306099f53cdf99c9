# SPDX-License-Identifier: MIT
# Completion of secretsctl(8) for bash.

_secretsctl() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} words=
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W 'remove stats events audit forward token --help --version' -- "$cur")
        return
    fi
    case $prev in
        --socket | --place) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
        --exec) mapfile -t COMPREPLY < <(compgen -c -- "$cur"); return ;;
        --anchor | --after | --url | --key) return ;;
    esac
    case ${COMP_WORDS[1]} in
        remove | stats) words='--json --socket' ;;
        events) words='--after --follow --socket' ;;
        audit) words='--anchor' ;;
        token) words= ;;
        forward) words='--url --key --place --from-now --resume --exec --socket' ;;
        *) return ;;
    esac
    case $cur in
        -*) mapfile -t COMPREPLY < <(compgen -W "$words --help" -- "$cur") ;;
        *)
            case ${COMP_WORDS[1]} in
                audit) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
            esac
            ;;
    esac
}

complete -F _secretsctl secretsctl
