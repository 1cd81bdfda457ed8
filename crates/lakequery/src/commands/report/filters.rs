//! `--repo`, `--label`, `--workflow` …: a flag per dimension, from the list of them.

use clap::{Arg, ArgAction, ArgMatches, Command, Error, FromArgMatches};
use octolake_reports::{Dimension, Filter};

/// What was asked for, by dimension.
#[derive(Debug, Clone, Default)]
pub(super) struct Filters(pub(super) Vec<Filter>);

fn flags() -> impl Iterator<Item = Dimension> {
    Dimension::ALL.iter().copied().filter(|dimension| dimension.filters())
}

fn value_name(dimension: Dimension) -> &'static str {
    if dimension == Dimension::Repo { "OWNER/NAME" } else { "NAME" }
}

fn help(dimension: Dimension) -> String {
    let more = match dimension {
        Dimension::Repo => ", as owner/name or host/owner/name, by any name that it ever had",
        Dimension::Label => ", one of them or the whole set",
        _ => "",
    };
    format!("Only of this {}{more}; may be repeated", dimension.name())
}

impl clap::Args for Filters {
    fn augment_args(command: Command) -> Command {
        flags().fold(command, |command, dimension| {
            command.arg(
                Arg::new(dimension.name())
                    .long(dimension.name())
                    .value_name(value_name(dimension))
                    .action(ArgAction::Append)
                    .help_heading("Filters")
                    .help(help(dimension)),
            )
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Filters {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let filter = |dimension: Dimension| {
            let values = matches.get_many::<String>(dimension.name())?;
            Some(Filter { dimension, values: values.cloned().collect() })
        };
        Ok(Self(flags().filter_map(filter).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
