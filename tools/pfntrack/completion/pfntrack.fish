# SPDX-License-Identifier: GPL-2.0-only
# fish completion for pfntrack(8); tests/cli keeps it in step with the help.

# Succeed if the command of the line is one of these; without any, if there is none.
function __pfntrack_command
    set -l argument
    for word in (commandline -opc)[2..-1]
        if test -n "$argument"
            set argument
        else if string match -qr -- '^(-[RsoxkePactS]|--(root|source|output|sort|kind|event|pid|range|count|seconds|since))$' $word
            set argument yes
        else if not string match -q -- '-*' $word
            contains -- $word $argv
            return
        end
    end
    test (count $argv) -eq 0
end

# Print words behind what stands before the last comma, and the sign of a column.
function __pfntrack_list
    set -l value (string replace -r -- '^--[a-z]+=' '' (commandline -ct))
    set -l lead (string match -r -- '^(?:.*,)?[+-]?' $value)
    printf '%s\n' $lead$argv
end

function __pfntrack_kinds
    printf '%s\n' ioremap remap_pfn claim insert vmap linear memremap set_memory kmap \
        reservation
end

function __pfntrack_filter
    set -l attrs unknown none write-back write-through write-protected write-combining \
        uncached-minus uncached device device-strict

    switch (commandline -ct)
        case 'attr=*'
            printf '%s\n' attr=$attrs
        case 'kind=*'
            printf 'kind=%s\n' (__pfntrack_kinds)
        case '*'
            printf '%s\n' range= attr= kind= driver= device= pid= comm=
    end
end

set -l mapping RANGE SIZE ATTR WANT GOT KIND SPACE VA PID COMM SITE MODULE DEV DRIVER FILE TIME \
    RESOURCE PCI
set -l conflict ID COUNT VERDICT RESULT POLICY WHY SOURCE ADVICE ASKED SUFFERS FURTHER DOWNGRADE
set -l finding FINDING FOUND RANGE SIZE GOT KIND SPACE VA PID COMM MODULE FILE RESOURCE PCI
set -l alias VERDICT DOWNGRADE OVERLAP HOLDERS WHY SOURCE
set -l leak ID GONE NAME FROM SINCE

complete -c pfntrack -f

# Options
complete -c pfntrack -s j -l json -d 'print JSON; errors, too, as an object on stderr'
complete -c pfntrack -s p -l pretty -d 'print JSON over several lines'
complete -c pfntrack -s R -l root -x -a '(__fish_complete_directories)' \
    -d 'read a captured tree instead of this machine'
complete -c pfntrack -s s -l source -x -a 'kernel proc bpf' \
    -d 'kernel (with pfn_track) or proc, for watch bpf; else the first there is'
complete -c pfntrack -s q -l quiet -d 'print nothing, the exit code is the answer'
complete -c pfntrack -s h -l help -d 'show help, of the command if one is given'
complete -c pfntrack -s V -l version -d 'show the version'

# The options of a command $argv[1] whose table has the columns $argv[2..-1].
function __pfntrack_table
    set -l only -c pfntrack -n "__pfntrack_command $argv[1]"
    set -l columns "(__pfntrack_list $argv[2..-1])"

    complete $only -s o -l output -x -a $columns \
        -d 'columns to show, separated by commas; +LIST adds to the usual'
    complete $only -s O -l output-all -d 'show all columns'
    complete $only -s x -l sort -x -a $columns \
        -d 'sort by these columns; -COLUMN turns the order round'
    complete $only -s b -l bytes -d 'print sizes in bytes'
    complete $only -s n -l noheadings -d 'print rows only'
    complete $only -s r -l raw -d 'one blank between cells; what is odd in them as \\xNN'
end

__pfntrack_table list $mapping
__pfntrack_table audit $finding
__pfntrack_table leaks $leak $mapping
__pfntrack_table conflicts $conflict $mapping HELD.$mapping
__pfntrack_table aliases $alias $mapping HELD.$mapping
functions -e __pfntrack_table

complete -c pfntrack -n '__pfntrack_command status conflicts leaks' -s S -l since -x \
    -a 'boot ack' -d 'judge what happened since: 10min, 2h, a date, boot or ack'
complete -c pfntrack -n '__pfntrack_command conflicts leaks' -s C -l clear \
    -d 'acknowledge what is shown: only what comes later counts'
complete -c pfntrack -n '__pfntrack_command policy watch' -s k -l kind -x -a '(__pfntrack_kinds)' \
    -d 'only this kind of mapping, or the policy of it'

set -l watch -c pfntrack -n '__pfntrack_command watch'
complete $watch -s e -l event -x -a '(__pfntrack_list map unmap conflict leak)' \
    -d 'only these: map, unmap, conflict, leak'
complete $watch -s P -l pid -x -a '(__fish_complete_pids)' \
    -d 'only those of a process, on either side'
complete $watch -s a -l range -x -d 'only those that touch these addresses'
complete $watch -s c -l count -x -d 'end after so many'
complete $watch -s t -l seconds -x -d 'end after so long'

complete -c pfntrack -n '__pfntrack_command map' -s o -l output -r -F \
    -d "write the picture as a page; '-' is standard output"

# Commands
set -l command -c pfntrack -n '__pfntrack_command; or __pfntrack_command help'
complete $command -a status -d 'does this machine have a problem? one screen, one answer'
complete $command -a list -d 'every recorded mapping and its holder'
complete $command -a conflicts -d 'mappings that disagreed, with both sides'
complete $command -a aliases -d 'what is mapped more than once, and whether that harms'
complete $command -a explain -d 'all about an address, a PCI device or a process'
complete $command -a audit -d 'do the live page tables say what the records say?'
complete $command -a leaks -d 'what drivers and modules left mapped when they went'
complete $command -a watch -d 'mappings, conflicts and leaks as they happen'
complete $command -a features -d 'what this kernel offers, and which roads it watches'
complete $command -a policy -d 'show or set what is done about conflicts'
complete $command -a snapshot -d 'capture this machine for a later --root DIR'
complete $command -a arch -d 'what attributes mean on an architecture, and which pairs harm'
complete $command -a map -d 'physical memory as a picture: who maps what, and where it clashes'
complete $command -a export -d "metrics for node_exporter's textfile collector"
complete $command -a version -d 'version of this command and of the format it reads'
complete $command -a help -d 'this text, or the help of one command'

# Arguments
complete -c pfntrack -n '__pfntrack_command list conflicts aliases leaks map watch' \
    -a '(__pfntrack_filter)'
complete -c pfntrack -n '__pfntrack_command explain' -a 'pid='
complete -c pfntrack -n '__pfntrack_command policy' -a 'off report enforce strict default'
complete -c pfntrack -n '__pfntrack_command snapshot' -a '(__fish_complete_directories)'
complete -c pfntrack -n '__pfntrack_command export' -F
complete -c pfntrack -n '__pfntrack_command arch' \
    -a 'x86 arm64 arm riscv powerpc s390 mips parisc loongarch sparc generic'
