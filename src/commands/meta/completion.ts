import type { VerbRun } from '../spec.js';

/**
 * Each script hands the words so far to the hidden `dartwing __complete` and shows what it prints: one
 * candidate a line, with its meaning after a tab.
 */
const scripts: Readonly<Record<string, string>> = {
  bash: `# dartwing completion for bash
_dartwing() {
  local IFS=$'\\n' line word
  COMPREPLY=()
  while read -r line; do
    printf -v word '%q' "\${line%%$'\\t'*}"
    COMPREPLY+=("$word")
  done < <(dartwing __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  [[ \${#COMPREPLY[@]} -eq 0 ]] && compopt -o default
}
complete -F _dartwing dartwing
`,
  zsh: `#compdef dartwing
_dartwing() {
  local -a lines candidates
  local line
  lines=("\${(@f)$(dartwing __complete -- "\${words[@]:1:$((CURRENT-1))}" 2>/dev/null)}")
  for line in $lines; do
    candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  if (( \${#candidates} )); then _describe 'dartwing' candidates; else _files; fi
}
compdef _dartwing dartwing
`,
  fish: `# dartwing completion for fish
function __dartwing_complete
  set -l words (commandline -opc) (commandline -ct)
  dartwing __complete -- $words[2..-1] 2>/dev/null
end
complete -c dartwing -f -a '(__dartwing_complete)'
`,
  powershell: `# dartwing completion for PowerShell
Register-ArgumentCompleter -Native -CommandName dartwing -ScriptBlock {
  param($word, $line, $position)
  $words = @($line.CommandElements | Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
  if ($word -eq '') { $words += '""' }
  dartwing __complete '--' @words 2>$null | ForEach-Object {
    $name, $meaning = $_ -split "\`t", 2
    if (-not $meaning) { $meaning = $name }
    $text = if ($name -match '^[\\w.=@/-]+$') { $name } else { "'" + $name.Replace("'", "''") + "'" }
    [System.Management.Automation.CompletionResult]::new($text, $name, 'ParameterValue', $meaning)
  }
}
`,
};

export const run: VerbRun = async (_context, { args }) => ({ text: scripts[String(args.shell)] ?? '' });
