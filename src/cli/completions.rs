//! `c3 completions`: prints completions for a shell.

use clap::Args;
use clap_complete::Shell;

use super::console;
use c3::failure::Failure;

#[derive(Args, Debug)]
#[command(after_help = "\
What to write into the file that your shell reads at its start:
  bash        ~/.bashrc: source <(c3 completions bash)
  zsh         ~/.zshrc, below compinit: source <(c3 completions zsh)
  fish        ~/.config/fish/config.fish: c3 completions fish | source
  elvish      ~/.config/elvish/rc.elv: eval (c3 completions elvish | slurp)
  powershell  $PROFILE: c3 completions powershell | Out-String | iex")]
pub(crate) struct Options {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// Runs the command.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut super::command(), "c3", &mut script);
    console::print_for_programs(&String::from_utf8_lossy(&script))
}
