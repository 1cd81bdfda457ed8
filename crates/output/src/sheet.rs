//! Typed rows under typed columns: an answer before any format.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;

use octolake_reports::{Answer, Question, Shape, Statistics, Table, Value, write_human};

use crate::cells::{bar, before, cell, figures, height, longest, text};
use crate::{Align, Grid, Line, clean};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Texts.
    Text,
    /// Whole numbers.
    Count,
    /// Durations, in seconds.
    Seconds,
    /// True or false.
    Flag,
    /// What helps the eye, and is nothing to a program.
    Picture,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name in JSON and CSV.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
}

/// A cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell<'a> {
    /// No value.
    None,
    /// A text.
    Text(Cow<'a, str>),
    /// A whole number.
    Count(i64),
    /// Seconds.
    Seconds(f64),
    /// True or false.
    Flag(bool),
}

/// Columns, and rows of cells under them that are made as they are asked for: an answer may have a
/// million.
#[derive(Debug, Clone)]
pub struct Sheet<'a> {
    /// The columns.
    pub columns: Vec<Column>,
    rows: Rows<'a>,
    /// The column of keys that holds the finest period, whose partial rows get a star; and the
    /// column that says whether they are.
    period: Option<(usize, usize)>,
}

/// Where the rows come from.
#[derive(Debug, Clone, Copy)]
enum Rows<'a> {
    /// An answer; and the height of the longest bar, where there are bars.
    Answer { question: &'a Question, answer: &'a Answer, compares: bool, longest: Option<f64> },
    /// An engine.
    Table(&'a Table),
}

impl<'a> Sheet<'a> {
    /// The rows of an answer; with a bar beside each where `pictures` are wanted.
    pub fn of(question: &'a Question, answer: &'a Answer, pictures: bool) -> Self {
        let compares = answer.rows.iter().any(|row| row.change.is_some());
        let longest = longest(answer);
        let pictures =
            pictures && !question.by.is_empty() && answer.rows.len() > 1 && longest > 0.0;
        let longest = pictures.then_some(longest);
        let rows = Rows::Answer { question, answer, compares, longest };
        let mut sheet = Self { columns: vec![], rows, period: None };
        for by in &question.by {
            sheet.column(by.name(), Kind::Text);
        }
        sheet.figures(question);
        if let Some(period) = question.finest_period() {
            sheet.period = Some((period, sheet.columns.len()));
            sheet.column("partial", Kind::Flag);
        }
        if compares {
            sheet.figures_before(question);
        }
        if pictures {
            sheet.column("", Kind::Picture);
        }
        sheet
    }

    /// The rows of an engine: those behind a number.
    pub fn of_table(table: &'a Table) -> Self {
        let kind = |place: usize| {
            let mut values = table.rows.iter().map(|row| &row[place]);
            if table.columns[place].ends_with("_s") {
                return Kind::Seconds;
            }
            match values.find(|value| **value != Value::Null) {
                Some(Value::Integer(_)) => Kind::Count,
                Some(Value::Double(_)) => Kind::Seconds,
                Some(Value::Boolean(_)) => Kind::Flag,
                _ => Kind::Text,
            }
        };
        let columns = table.columns.iter().enumerate();
        let columns = columns.map(|(place, name)| Column { name: name.clone(), kind: kind(place) });
        Self { columns: columns.collect(), rows: Rows::Table(table), period: None }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        match self.rows {
            Rows::Answer { answer, .. } => answer.rows.len(),
            Rows::Table(table) => table.rows.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rows, each with a cell per column.
    pub fn rows(&self) -> impl Iterator<Item = Vec<Cell<'a>>> + '_ {
        (0..self.len()).map(|place| self.row(place))
    }

    fn row(&self, place: usize) -> Vec<Cell<'a>> {
        let (question, row, compares, longest) = match self.rows {
            Rows::Table(table) => return table.rows[place].iter().map(cell).collect(),
            Rows::Answer { question, answer, compares, longest } => {
                (question, &answer.rows[place], compares, longest)
            }
        };
        let mut cells = Vec::with_capacity(self.columns.len());
        cells.extend(row.keys.iter().map(text));
        figures(question, &row.counted, &mut cells);
        if self.period.is_some() {
            cells.push(Cell::Flag(row.partial));
        }
        if compares {
            cells.extend(before(question, row));
        }
        if let Some(longest) = longest {
            cells.push(Cell::Text(bar(height(row) / longest).into()));
        }
        cells
    }

    fn column(&mut self, name: &str, kind: Kind) {
        self.columns.push(Column { name: name.to_owned(), kind });
    }

    fn figures(&mut self, question: &Question) {
        let ages = match question.report.shape {
            Shape::Durations { .. } => {
                self.column(question.report.unit, Kind::Count);
                String::new()
            }
            Shape::Counts { kinds, aging, .. } => {
                for kind in kinds {
                    self.column(kind, Kind::Count);
                }
                format!("{aging}_")
            }
        };
        for name in Statistics::names() {
            self.column(&format!("{ages}{name}"), Kind::Seconds);
        }
    }

    fn figures_before(&mut self, question: &Question) {
        match question.report.shape {
            Shape::Durations { .. } => {
                self.column("p50_low_s", Kind::Seconds);
                self.column("p50_high_s", Kind::Seconds);
                self.column(&format!("{}_before", question.report.unit), Kind::Count);
                self.column("p50_before_s", Kind::Seconds);
                self.column("p50_change_s", Kind::Seconds);
                self.column("change", Kind::Text);
            }
            Shape::Counts { kinds, .. } => {
                for kind in kinds {
                    self.column(&format!("{kind}_before"), Kind::Count);
                }
            }
        }
    }

    /// As texts: durations for a person, or (`raw`) in seconds.
    pub fn grid(&self, raw: bool) -> Grid {
        let mut grid = Grid::new(self.headers(raw));
        // Pushing never fails.
        let _ = self.each(raw, &mut |line| {
            grid.push(line.cells());
            Ok(())
        });
        grid
    }

    /// The headers of what is shown.
    pub fn headers(&self, raw: bool) -> Vec<(String, Align)> {
        self.shown(raw).map(|place| self.header(place, raw)).collect()
    }

    /// Gives each row of what is shown, as texts, until one is not taken.
    ///
    /// # Errors
    /// That of the row that was not taken.
    pub fn each(&self, raw: bool, take: &mut dyn FnMut(&Line) -> io::Result<()>) -> io::Result<()> {
        let places: Vec<usize> = self.shown(raw).collect();
        let mut line = Line::default();
        for row in self.rows() {
            line.clear();
            for place in &places {
                line.push(|text| self.write(&row, *place, raw, text));
            }
            take(&line)?;
        }
        Ok(())
    }

    /// A person sees a partial row by its star, and a program has no use for pictures.
    fn shown(&self, raw: bool) -> impl Iterator<Item = usize> + '_ {
        let is_shown = move |column: &Column| match column.kind {
            Kind::Flag => raw,
            Kind::Picture => !raw,
            _ => true,
        };
        let columns = self.columns.iter().enumerate();
        columns.filter(move |(_, column)| is_shown(column)).map(|(place, _)| place)
    }

    fn header(&self, place: usize, raw: bool) -> (String, Align) {
        let Column { name, kind } = &self.columns[place];
        let align = match kind {
            Kind::Count | Kind::Seconds => Align::Right,
            Kind::Text | Kind::Flag | Kind::Picture => Align::Left,
        };
        let name = if *kind == Kind::Seconds && !raw { name.trim_end_matches("_s") } else { name };
        (name.to_owned(), align)
    }

    fn write(&self, row: &[Cell<'_>], place: usize, raw: bool, out: &mut String) {
        let kind = self.columns[place].kind;
        // Writing into a String never fails.
        let _ = match &row[place] {
            Cell::None if raw => Ok(()),
            Cell::None if kind == Kind::Text => out.write_str("(none)"),
            Cell::None => out.write_str("-"),
            Cell::Text(text) if raw => out.write_str(text),
            Cell::Text(text) if text.is_empty() && kind == Kind::Text => out.write_str("(none)"),
            // A line break in a name would look like a row of its own.
            Cell::Text(text) => out.write_str(&clean::line(text)).and_then(|()| {
                let is_partial = self.is_partial(row, place);
                out.write_str(if is_partial { " *" } else { "" })
            }),
            Cell::Count(count) => write!(out, "{count}"),
            Cell::Seconds(seconds) if raw => write!(out, "{seconds}"),
            Cell::Seconds(seconds) => write_human(out, *seconds),
            Cell::Flag(flag) => write!(out, "{flag}"),
        };
    }

    /// Whether this is the period of a row that is not all of it.
    fn is_partial(&self, row: &[Cell<'_>], place: usize) -> bool {
        self.period
            .is_some_and(|(period, partial)| period == place && row[partial] == Cell::Flag(true))
    }
}
