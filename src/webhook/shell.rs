//! Texts quoted as words of a shell's command line.

/// Quotes a text as one word. Control characters are escaped, for a terminal may change them when pasted.
pub fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    // Curl reads a leading `@` as a file name.
    if !text.is_empty() && !text.starts_with('@') && text.chars().all(plain) {
        return text.to_owned();
    }
    if !text.starts_with('@') && !text.contains(|c: char| c.is_control()) {
        return format!("'{}'", text.replace('\'', "'\\''"));
    }
    let mut out = String::from("$'");
    for c in text.chars() {
        match c {
            '\'' => out += "\\'",
            '\\' => out += "\\\\",
            '\n' => out += "\\n",
            '\r' => out += "\\r",
            '\t' => out += "\\t",
            c if c.is_control() => {
                out += &c
                    .to_string()
                    .bytes()
                    .map(|b| format!("\\x{b:02x}"))
                    .collect::<String>()
            }
            c => out.push(c),
        }
    }
    out + "'"
}

/// Quotes any bytes as the argument with which `printf` prints them.
pub fn printf(bytes: &[u8]) -> String {
    let mut out = String::from("'");
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'%' => out += "%%",
            // It would be read as a flag.
            b'-' if at == 0 => out += "\\055",
            b' '..=b'~' if !b"'\\".contains(byte) => out.push(char::from(*byte)),
            byte => out += &format!("\\{byte:03o}"),
        }
    }
    out + "'"
}

/// Splits a command line into words as a shell does, with its quotes and backslashes, and nothing else of a shell; none
/// if a quote is not closed.
pub fn words(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        '\'' => break,
                        c => word.push(c),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        '"' => break,
                        '\\' => match chars.next()? {
                            c @ ('"' | '\\' | '$' | '`') => word.push(c),
                            c => word.extend(['\\', c]),
                        },
                        c => word.push(c),
                    }
                }
            }
            '\\' => word.get_or_insert_default().push(chars.next()?),
            c if c.is_whitespace() => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Some(words)
}

/// Command line in the course of being written.
#[derive(Debug)]
pub struct CommandLine {
    line: String,
    /// Command whose output is piped into this one.
    input: Option<String>,
}

impl CommandLine {
    /// Starts with a command, which is not quoted.
    pub fn new(command: &str) -> CommandLine {
        CommandLine {
            line: command.to_owned(),
            input: None,
        }
    }

    /// Adds a word.
    pub fn word(&mut self, text: &str) {
        self.line.push(' ');
        self.line.push_str(&word(text));
    }

    /// Adds a flag with a value.
    pub fn option(&mut self, flag: &str, value: &str) {
        // A value that begins like a flag would be read as one.
        if value.starts_with("--") && flag.starts_with("--") {
            return self.word(&format!("{flag}={value}"));
        }
        self.word(flag);
        self.word(value);
    }

    /// Adds a flag without a value, if it is set.
    pub fn flag(&mut self, flag: &str, is_set: bool) {
        if is_set {
            self.word(flag);
        }
    }

    /// Pipes the output of another command into this one.
    pub fn pipe_from(&mut self, command: String) {
        self.input = Some(command);
    }

    /// The text of the line, in a loop if it is to run more than once.
    pub fn repeated(self, times: u8) -> String {
        let line = match self.input {
            Some(command) => format!("{command} | {}", self.line),
            None => self.line,
        };
        match times {
            0 | 1 => line,
            times => {
                let numbers: Vec<String> = (1..=times).map(|number| number.to_string()).collect();
                format!("for i in {}; do {line}; done", numbers.join(" "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CommandLine, printf, word, words};

    #[test]
    fn a_word_is_quoted_where_a_shell_would_read_it() {
        for (text, written) in [
            ("a-b_c.d/e:f@g%h+i=j,k", "a-b_c.d/e:f@g%h+i=j,k"),
            ("", "''"),
            ("@file", "$'@file'"),
            ("a b", "'a b'"),
            ("it's", "'it'\\''s'"),
            ("$(rm)", "'$(rm)'"),
            ("a\r\n'\\", "$'a\\r\\n\\'\\\\'"),
            ("\u{9b}", "$'\\xc2\\x9b'"),
        ] {
            assert_eq!(word(text), written);
        }
    }

    #[test]
    fn printf_prints_any_bytes() {
        assert_eq!(printf(b"a%b\\'\xff\n"), "'a%%b\\134\\047\\377\\012'");
        assert_eq!(printf(b"--a-b"), "'\\055-a-b'");
    }

    #[test]
    fn a_value_that_begins_like_a_flag_is_no_flag() {
        let mut line = CommandLine::new("send");
        line.option("--data", "--a");
        line.option("--rate", "-1");
        assert_eq!(line.repeated(1), "send --data=--a --rate -1");
    }

    #[test]
    fn a_command_line_is_split_as_a_shell_splits_it() {
        for (text, wanted) in [
            ("vi", &["vi"][..]),
            ("  code  --wait\t", &["code", "--wait"]),
            ("'/opt/my editor/e' -n", &["/opt/my editor/e", "-n"]),
            (
                "\"a \\\"b\\n\" c\\ d '' e''f",
                &["a \"b\\n", "c d", "", "ef"],
            ),
            (" ", &[]),
        ] {
            assert_eq!(words(text).unwrap(), wanted, "{text}");
        }
        for open in ["'a", "\"a", "a\\", "\"a\\\""] {
            assert_eq!(words(open), None, "{open}");
        }
    }
}
