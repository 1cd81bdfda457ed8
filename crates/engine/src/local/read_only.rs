//! Which statements may run: those that read, one at a time.

use datafusion::error::DataFusionError;
use datafusion::execution::context::SQLOptions;
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::parser::{DFParser, Statement};
use datafusion::sql::sqlparser::ast::Statement as Sql;

/// Why a statement may not run.
#[derive(Debug, thiserror::Error)]
pub enum ReadOnlyError {
    /// The text is no SQL.
    #[error("the SQL cannot be read: {}", .0.strip_backtrace())]
    Syntax(DataFusionError),
    /// There is no statement in the text.
    #[error("there is no statement in the SQL")]
    Empty,
    /// There are several.
    #[error("there are {0} statements in the SQL: give one at a time")]
    Several(usize),
    /// The statement would change something.
    #[error(
        "`{0}` is refused: the lake is read-only here, and only queries run (select, with, explain, describe, show)"
    )]
    Writes(String),
}

/// The one statement of a text, if it is of a kind that reads.
pub(super) fn parse(sql: &str) -> Result<Statement, ReadOnlyError> {
    let mut statements = DFParser::parse_sql(sql).map_err(ReadOnlyError::Syntax)?;
    let statement = match (statements.pop_front(), statements.len()) {
        (None, _) => return Err(ReadOnlyError::Empty),
        (Some(statement), 0) => statement,
        (Some(_), more) => return Err(ReadOnlyError::Several(more + 1)),
    };
    match reads(&statement) {
        true => Ok(statement),
        false => Err(ReadOnlyError::Writes(first_word(sql))),
    }
}

fn reads(statement: &Statement) -> bool {
    match statement {
        Statement::Statement(sql) => matches!(
            **sql,
            Sql::Query(_)
                | Sql::ExplainTable { .. }
                | Sql::ShowTables { .. }
                | Sql::ShowColumns { .. }
                | Sql::ShowFunctions { .. }
                | Sql::ShowVariable { .. }
        ),
        Statement::Explain(explain) => reads(&explain.statement),
        _ => false,
    }
}

/// Whether the statement lists what there is.
pub(super) fn lists(statement: &Statement) -> bool {
    matches!(statement, Statement::Statement(sql) if !matches!(**sql, Sql::Query(_)))
}

/// A query can still hold a part that writes: `select … into`.
pub(super) fn verify(plan: &LogicalPlan) -> Result<(), ReadOnlyError> {
    let options =
        SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    options.verify_plan(plan).map_err(|_| ReadOnlyError::Writes("select into".into()))
}

/// What the statement begins with, for the message.
fn first_word(sql: &str) -> String {
    let words = sql.lines().filter(|line| !line.trim_start().starts_with("--"));
    let word = words.flat_map(str::split_whitespace).next().unwrap_or_default();
    word.chars()
        .take(20)
        .filter(|c| c.is_ascii_alphanumeric() || *c == '_')
        .collect::<String>()
        .to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_may_run() {
        for sql in [
            "select 1 as one",
            "with x as (select 1 as a) select * from x",
            "explain analyze select 1 as one",
            "describe events",
            "show tables",
            "show columns from events",
            "-- what\nselect 1 as one;",
        ] {
            assert!(parse(sql).is_ok(), "{sql}");
        }
    }

    #[test]
    fn everything_else_is_refused_by_name() {
        for (sql, word) in [
            ("drop table events", "drop"),
            ("create external table x stored as csv location '/etc/passwd'", "create"),
            ("create view x as select 1 as one", "create"),
            ("copy events to 'x.parquet'", "copy"),
            ("insert into events values (1)", "insert"),
            ("-- harmless\ndelete from events", "delete"),
            ("set datafusion.execution.batch_size = 1", "set"),
            ("explain insert into events values (1)", "explain"),
        ] {
            let Err(ReadOnlyError::Writes(named)) = parse(sql) else { panic!("{sql}") };
            assert_eq!(named, word);
        }
        assert!(matches!(parse("select 1; drop table events"), Err(ReadOnlyError::Several(2))));
        assert!(matches!(parse(" -- nothing"), Err(ReadOnlyError::Empty)));
        assert!(matches!(parse("selec 1"), Err(ReadOnlyError::Syntax(_))));
    }
}
