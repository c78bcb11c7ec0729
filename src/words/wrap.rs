//! Lines of a limited width, in columns of a terminal.

/// Wraps a line between words, and between Chinese characters, into lines of at most this many columns, if its words allow
/// it. Lines after the first begin with the blanks of the first and `hang` more. Text in square brackets stays together:
/// `[error: allele]`. No line begins with a sign that closes, or ends with one that opens.
#[must_use]
pub fn wrap(line: &str, width: usize, hang: usize) -> String {
    if line.len() <= width {
        return line.to_owned();
    }
    let blanks = line.len() - line.trim_start_matches(' ').len();
    let next = format!("\n{:1$}", "", blanks + hang);
    let (mut lines, mut columns) = (String::with_capacity(line.len() + line.len() / 16), 0);
    let mut is_first = true;
    for piece in pieces(line) {
        let shown = piece.trim_end_matches(' ');
        if columns + width_of(shown) > width && !is_first {
            lines.truncate(lines.trim_end_matches(' ').len());
            lines += &next;
            columns = blanks + hang;
        }
        lines += piece;
        columns += width_of(piece);
        is_first &= shown.is_empty();
    }
    lines.truncate(lines.trim_end_matches(' ').len());
    lines
}

/// Splits a line after which it may break.
fn pieces(line: &str) -> Vec<&str> {
    let (mut pieces, mut from, mut is_in_brackets) = (Vec::new(), 0, false);
    let mut characters = line.char_indices().peekable();
    let mut before = ' ';
    while let Some((at, one)) = characters.next() {
        match one {
            '[' if before == ' ' => is_in_brackets = line[at..].contains(']'),
            ']' => is_in_brackets = false,
            _ => {}
        }
        before = one;
        let Some(&(next, other)) = characters.peek() else { break };
        let is_after_blank = one == ' ' && other != ' ';
        let is_between = (columns(one) == 2 || columns(other) == 2)
            && other != ' '
            && !"，。；：、）》”！？］".contains(other)
            && !"（《“［".contains(one);
        if (is_after_blank || is_between) && !is_in_brackets {
            pieces.push(&line[from..next]);
            from = next;
        }
    }
    pieces.push(&line[from..]);
    pieces
}

/// Returns the columns that a text takes on a terminal: Chinese characters and signs take two each.
#[must_use]
pub fn width_of(text: &str) -> usize {
    text.chars().map(columns).sum()
}

fn columns(c: char) -> usize {
    let is_wide = matches!(
        u32::from(c),
        0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe4f | 0xff00..=0xff60 | 0x2018..=0x201d
    );
    if is_wide { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_and_keep_their_place() {
        assert_eq!(wrap("one two three", 8, 4), "one two\n    three");
        assert_eq!(wrap("  one two three", 9, 4), "  one two\n      three");
        assert_eq!(wrap("one [error: allele] two", 10, 4), "one\n    [error: allele]\n    two");
        assert_eq!(wrap("averylongword", 4, 4), "averylongword");
        assert_eq!(wrap("short", 80, 4), "short");
    }

    #[test]
    fn lines_break_between_characters_and_not_before_a_stop() {
        assert_eq!(wrap("比对家系和儿童，列出新的候选。", 14, 4), "比对家系和儿\n    童，列出新\n    的候选。");
        assert_eq!(wrap("用 reunite match 再比对", 16, 4), "用 reunite match\n    再比对");
        assert_eq!(width_of("家系 F1"), 7);
    }
}
