//! Sizes and distances of a drawing.

/// Sizes and distances.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measures {
    /// Half the side of a square.
    pub(super) radius: f64,
    pub(super) font: f64,
    /// The widest a line of a label gets.
    pub(super) label: f64,
    pub(super) label_lines: usize,
    pub(super) between_persons: f64,
    /// Between a person and a vertical line.
    pub(super) beside_line: f64,
    /// Between two vertical lines.
    pub(super) between_lines: f64,
    /// Between the heights of horizontal lines.
    pub(super) pitch: f64,
}

impl Measures {
    pub(super) const fn new(radius: f64, font: f64, label: f64, label_lines: usize) -> Self {
        Self {
            radius,
            font,
            label,
            label_lines,
            between_persons: 6.0,
            beside_line: 5.0,
            between_lines: 10.0,
            pitch: 9.0,
        }
    }

    pub(super) fn scaled(&self, by: f64) -> Self {
        Self {
            radius: self.radius * by,
            font: self.font * by,
            label: self.label * by,
            between_persons: self.between_persons * by,
            beside_line: self.beside_line * by,
            between_lines: self.between_lines * by,
            ..*self
        }
    }

    pub(super) fn line_height(&self) -> f64 {
        self.font * 1.2
    }
}
