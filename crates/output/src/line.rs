//! The texts of a row.

/// The texts of a row, in a buffer that the next row takes again.
#[derive(Debug, Clone, Default)]
pub struct Line {
    text: String,
    /// Where each cell ends.
    ends: Vec<usize>,
}

impl Line {
    /// Takes all cells out.
    pub fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    /// Puts a cell behind the others: all that is written to its text.
    pub fn push(&mut self, write: impl FnOnce(&mut String)) {
        write(&mut self.text);
        self.ends.push(self.text.len());
    }

    /// The cells, in their order.
    pub fn cells(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        // A text that was only added to since has its ends where it had them.
        starts.zip(&self.ends).map(|(from, to)| self.text.get(from..*to).unwrap_or_default())
    }
}

impl<T: AsRef<str>> FromIterator<T> for Line {
    fn from_iter<I: IntoIterator<Item = T>>(cells: I) -> Self {
        let mut line = Self::default();
        for cell in cells {
            line.push(|text| text.push_str(cell.as_ref()));
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_come_out_as_they_went_in() {
        let mut line: Line = ["größe", "", "2"].into_iter().collect();
        assert_eq!(line.cells().collect::<Vec<_>>(), ["größe", "", "2"]);
        line.clear();
        assert_eq!(line.cells().count(), 0);
        line.push(|text| text.push('x'));
        assert_eq!(line.cells().collect::<Vec<_>>(), ["x"]);
    }
}
