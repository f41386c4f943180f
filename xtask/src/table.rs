//! Tables for people.

/// Rows under a heading, each column as wide as its widest cell; `right` names the columns set flush right.
pub(crate) fn table<const COLUMNS: usize>(
    heading: [&str; COLUMNS],
    rows: &[[String; COLUMNS]],
    right: &[usize],
) -> String {
    let rows: Vec<&[String]> = rows.iter().map(<[String; COLUMNS]>::as_slice).collect();
    grid(&heading, &rows, right)
}

/// A table of as many columns as its heading has; every row has as many.
pub(crate) fn grid(heading: &[&str], rows: &[&[String]], right: &[usize]) -> String {
    let mut widths: Vec<usize> = heading.iter().map(|cell| cell.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(*row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: &[&str]| {
        let mut line = String::new();
        for (at, (cell, width)) in cells.iter().zip(&widths).enumerate() {
            let pad = " ".repeat(width - cell.chars().count().min(*width));
            let (before, after) = if right.contains(&at) { (pad.as_str(), "") } else { ("", pad.as_str()) };
            line.push_str(&format!("{}{before}{cell}{after}", if at == 0 { "" } else { "  " }));
        }
        format!("{}\n", line.trim_end())
    };
    let mut text = line(heading);
    let rules: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    text.push_str(&line(&rules.iter().map(String::as_str).collect::<Vec<_>>()));
    for row in rows {
        text.push_str(&line(&row.iter().map(String::as_str).collect::<Vec<_>>()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["fmt".to_owned(), "0.4 s".to_owned()], ["clippy".to_owned(), "12.0 s".to_owned()]];
        let expected = "step      time\n------  ------\nfmt      0.4 s\nclippy  12.0 s\n";
        assert_eq!(table(["step", "time"], &rows, &[1]), expected);
    }
}
