//! Squeezing of the page's files at build: what is left out is nothing to a browser.

#[path = "../../packaging/squeeze.rs"]
mod squeeze;

use std::fs;
use std::path::{Path, PathBuf};

use squeeze::{script, style};

/// Compares each source with what is left of it.
#[track_caller]
fn check(squeeze: fn(&str) -> String, cases: &[(&str, &str)]) {
    for (source, left) in cases {
        assert_eq!(squeeze(source), *left, "{source}");
    }
}

#[test]
fn comments_and_spaces_between_the_tokens_of_a_module_are_left_out() {
    check(
        script,
        &[
            (
                "// one\nconst a = 1; /* two */\nlet b;\n",
                "const a=1;let b;",
            ),
            (
                "/**\n * Doc.\n */\nexport function f() {\n  return a;\n}\n",
                "export function f(){return a}",
            ),
            ("if (a) b();\nelse c();", "if(a)b();else c();"),
            ("}\nconst a = {};\n", "}\nconst a={};"),
            ("a + +b - -c + d", "a+ +b- -c+d"),
            ("a\n  .b()\n  .c()", "a.b().c()"),
            ("x ??= y;\nz = a ? b : c;", "x??=y;z=a?b:c;"),
            (
                "class A {\n  #b = 1;\n  get c() {\n    return 1;\n  }\n}",
                "class A{#b=1;get c(){return 1}}",
            ),
        ],
    );
}

#[test]
fn strings_templates_and_regular_expressions_of_a_module_are_left_alone() {
    check(
        script,
        &[
            (r#"a = 'b  // c';"#, r#"a='b  // c';"#),
            (r#"a = "it\"s  /* b */";"#, r#"a="it\"s  /* b */";"#),
            (
                "a = `b  \n   ${ c  +  d }  // e`;",
                "a=`b  \n   ${c+d}  // e`;",
            ),
            (
                r"a.replace(/[/'`]  \/ /g, b)",
                r"a.replace(/[/'`]  \/ /g,b)",
            ),
            ("a = b / c / d; // e", "a=b/c/d;"),
            ("return /a  b/;", "return/a  b/;"),
            ("f(`${g({ a: `${ b }` })}  `)", "f(`${g({a:`${b}`})}  `)"),
        ],
    );
}

#[test]
fn markup_loses_the_white_space_that_htm_drops() {
    check(
        script,
        &[
            (
                "html`\n  <p>\n    one\n    two <b>three</b> four\n  </p>`",
                "html`<p>one\ntwo <b>three</b> four</p>`",
            ),
            (
                "html`<a class=\"b-c\" title=\"d e\"\n    id=${ f } />`",
                "html`<a class=b-c title=\"d e\"\nid=${f} />`",
            ),
            (
                "html`<b>a=\"b\"</b> ${c}\n  ${d}`",
                "html`<b>a=\"b\"</b> ${c}\n${d}`",
            ),
            (
                "html`${a && html`\n  <i>b</i>`}\n`",
                "html`${a&&html`<i>b</i>`}`",
            ),
        ],
    );
}

#[test]
fn a_style_sheet_loses_comments_and_spaces_that_separate_nothing() {
    check(
        style,
        &[
            (
                "/* a */\n.b > c, d :hover {\n  e: f(1px - 2px) 3px;\n  g: \"h:  i;  \";\n}\n",
                ".b>c,d :hover{e:f(1px - 2px) 3px;g:\"h:  i;  \"}",
            ),
            (
                "@media (a: b) and (c: d) {\n  e { f: g !important; }\n}",
                "@media (a:b) and (c:d){e{f:g !important}}",
            ),
            ("a + b ~ c { d: e; }", "a + b ~ c{d:e}"),
        ],
    );
}

/// Sources of the page that are squeezed.
fn sources() -> Vec<PathBuf> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/inspector/page");
    let mut found: Vec<PathBuf> = fs::read_dir(page.join("app"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    found.push(page.join("style.css"));
    found
}

#[test]
fn what_was_squeezed_is_not_squeezed_further() {
    for path in sources() {
        let source = fs::read_to_string(&path).unwrap();
        let squeeze = if path.extension().unwrap() == "css" {
            style
        } else {
            script
        };
        let once = squeeze(&source);
        assert_eq!(squeeze(&once), once, "{}", path.display());
        assert!(once.len() < source.len(), "{}", path.display());
    }
}

#[test]
fn no_element_of_the_page_that_keeps_white_space_spans_lines() {
    for path in sources() {
        for (at, line) in fs::read_to_string(&path).unwrap().lines().enumerate() {
            for element in ["pre", "textarea"] {
                let opened = line.matches(&format!("<{element}")).count();
                let closed = line.matches(&format!("</{element}>")).count();
                assert_eq!(opened, closed, "{}:{}", path.display(), at + 1);
            }
        }
    }
}
