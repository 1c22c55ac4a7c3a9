//! Reading: lists, filters, one delivery in all its forms, comparison, statistics, the description of the API.

use serde_json::{Value, json};

use crate::harness::inspector::Inspected;
use crate::harness::{Receiver, post, run};

const FAILED: &str = "HTTP/1.1 500 Oops\r\ncontent-length: 4\r\n\r\noops";
const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

fn ids(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().unwrap().iter();
    items
        .map(|row| row["id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn deliveries_are_listed_in_the_order_of_arrival_page_by_page() {
    let inspected = Inspected::listen(&[]);
    for at in 0..5 {
        inspected.event("open", "resend", &format!("r{at}@example.com"));
    }
    let all = inspected.json("/deliveries");
    let recipients = |list: &Value| -> Vec<String> {
        let items = list["items"].as_array().unwrap().iter();
        items
            .map(|row| row["recipients"][0].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        recipients(&all),
        [0, 1, 2, 3, 4].map(|at| format!("r{at}@example.com"))
    );
    assert_eq!(
        (&all["matched"], &all["complete"], &all["next"]),
        (&json!(5), &json!(true), &Value::Null)
    );
    let last = inspected.json("/deliveries?limit=2");
    assert_eq!(recipients(&last), ["r3@example.com", "r4@example.com"]);
    let next = last["next"].as_str().unwrap();
    let page = inspected.json(&format!("/deliveries?limit=2&before={next}"));
    assert_eq!(recipients(&page), ["r1@example.com", "r2@example.com"]);
    let next = page["next"].as_str().unwrap();
    let page = inspected.json(&format!("/deliveries?limit=2&before={next}"));
    assert_eq!(recipients(&page), ["r0@example.com"]);
    assert_eq!(page["next"], Value::Null);
}

#[test]
fn a_row_says_what_a_delivery_is_about() {
    let handler = Receiver::start(&[FAILED]);
    let inspected = Inspected::listen(&["--forward-to", &handler.url]);
    let sent = inspected.event("bounce", "sendgrid", "Ada@example.com");
    assert_eq!(sent["attempts"][0]["status"], 500);
    let row = &inspected.json("/deliveries")["items"][0];
    for (name, wanted) in [
        ("method", json!("POST")),
        ("path", json!("/")),
        ("provider", json!("sendgrid")),
        ("kinds", json!(["bounce"])),
        ("recipients", json!(["Ada@example.com"])),
        ("recipient_count", json!(1)),
        ("verdict", json!("verified (test key)")),
        ("status", json!(500)),
        ("repeat", json!(1)),
        ("problems", json!(0)),
        ("address", Value::Null),
    ] {
        assert_eq!(row[name], wanted, "{name}: {row}");
    }
    assert_eq!(row["handler"]["status"], 500);
    assert_eq!(row["handler"]["target"], format!("{}/", handler.url));
    assert!(row["micros"].as_u64().unwrap() >= row["handler"]["micros"].as_u64().unwrap());
    let forwarded =
        &inspected.json(&format!("/deliveries/{}", row["id"].as_str().unwrap()))["forwarded"];
    assert_eq!(
        (&forwarded[0]["status"], &forwarded[0]["text"]),
        (&json!(500), &json!("oops"))
    );
}

#[test]
fn each_condition_chooses_by_parameter_and_by_query() {
    let handler = Receiver::start(&[OK, FAILED, OK, OK]);
    let inspected = Inspected::listen(&["--forward-to", &handler.url]);
    inspected.event("bounce", "sendgrid", "ada@example.com");
    inspected.event("click", "resend", "bob@example.com");
    inspected.event("bounce", "postmark", "cy@example.com");
    let response = post(
        inspected.process.port(),
        "/other/path?x=1",
        "content-type: text/plain\r\n",
        b"needle in a stack",
    );
    assert!(response.starts_with("HTTP/1.1 200"), "{response}");
    let all = ids(&inspected.json("/deliveries"));
    let message = inspected.json("/deliveries")["items"][0]["message_ids"][0]
        .as_str()
        .unwrap()
        .to_owned();
    let message = format!("message={message}");
    for (parameters, wanted) in [
        ("kind=bounce", vec![0, 2]),
        ("q=events:bounce", vec![0, 2]),
        ("q=kind:bounce,click", vec![0, 1, 2]),
        ("provider=resend", vec![1]),
        ("q=provider:resend,postmark", vec![1, 2]),
        ("recipient=bob@", vec![1]),
        ("q=recipient:BOB@example", vec![1]),
        ("q=recipient:@example.com", vec![0, 1, 2]),
        (&message, vec![0]),
        ("status=5xx", vec![1]),
        ("q=status:500,404", vec![1]),
        ("failed=true", vec![1]),
        ("q=failed:true", vec![1]),
        ("verdict=test-key", vec![0, 1]),
        ("q=verdict:unsigned", vec![2, 3]),
        ("path=/other/*", vec![3]),
        ("q=path:/other/*", vec![3]),
        ("q=needle", vec![3]),
        ("grep=in%20a%20stack", vec![3]),
        ("q=%22in%20a%20stack%22", vec![3]),
        ("q=needle%20events:bounce", vec![]),
        ("since=1h", vec![0, 1, 2, 3]),
        ("until=1h", vec![]),
        ("q=since:1h%20provider:sendgrid", vec![0]),
        ("kind=bounce&provider=sendgrid", vec![0]),
    ] {
        let wanted: Vec<String> = wanted
            .into_iter()
            .map(|at: usize| all[at].clone())
            .collect();
        let list = inspected.json(&format!("/deliveries?{parameters}"));
        assert_eq!(ids(&list), wanted, "{parameters}");
        assert_eq!(list["matched"], wanted.len(), "{parameters}");
        assert_eq!(list["scanned"], 4, "{parameters}");
    }
}

#[test]
fn what_cannot_be_understood_is_an_error_with_a_hint() {
    let inspected = Inspected::listen(&[]);
    inspected.event("open", "resend", "a@example.com");
    let id = inspected.id(0);
    let body = format!("/deliveries/{id}/body");
    for (path, status, words) in [
        ("/deliveries?knid=open", 400, "did you mean `kind`"),
        ("/deliveries?kind=opne", 400, "`open`"),
        ("/deliveries?kind=", 400, "empty"),
        ("/deliveries?q=evnts:open", 400, "`events:`"),
        ("/deliveries?q=%22open", 400, "not closed"),
        ("/deliveries?provider=sendgird", 400, "`sendgrid`"),
        ("/deliveries?status=9", 400, "5xx"),
        ("/deliveries?verdict=good", 400, "verified"),
        ("/deliveries?since=yesterday", 400, "RFC 3339"),
        ("/deliveries?limit=0", 400, "from 1 to 1000"),
        ("/deliveries?limit=1&limit=2", 400, "twice"),
        (
            "/deliveries?before=01JD0000000000000000000000",
            404,
            "no delivery",
        ),
        ("/stats?by=year", 400, "second, minute, hour"),
        ("/wait?for=1y", 400, "time span"),
        ("/wait?count=0", 400, "from 1"),
        ("/health?x=1", 400, "unknown parameter"),
        ("/deliveries/nope", 404, "no delivery `nope`"),
        ("/deliveries/%1b%5b31m", 404, "no delivery"),
        (&format!("{body}?form=xml"), 400, "pretty, raw, hex"),
        (&format!("{body}?from=-1"), 400, "from 0"),
        ("/compare?a=1", 400, "`b` is missing"),
        ("/catalogue/sendgird", 422, "sendgrid"),
        ("/catalogue/sendgrid/bonce", 422, "bounce"),
        ("/messages/sendgird/1", 422, "sendgrid"),
        ("/nothing", 404, "openapi"),
    ] {
        let reply = inspected.get(&format!("/api/v1{path}"));
        assert_eq!(reply.status, status, "{path}: {}", reply.text());
        let error = reply.json()["error"].clone();
        assert!(error.to_string().contains(words), "{path}: {error}");
        assert!(reply.body.len() <= 1024, "{path}");
        assert!(error["code"].is_string(), "{error}");
    }
    let long = format!("/api/v1/deliveries?q=x{}:y", "a".repeat(9000));
    assert!(inspected.get(&long).body.len() <= 1024);
}

#[test]
fn a_delivery_is_shown_as_listen_prints_it() {
    let mut inspected = Inspected::listen(&["--json"]);
    inspected.event("click", "mailgun", "ada@example.com");
    let mut printed: Value = serde_json::from_str(&inspected.process.line()).unwrap();
    let id = printed["id"].as_str().unwrap().to_owned();
    let mut shown = inspected.json(&format!("/deliveries/{id}"));
    let members = shown.as_object_mut().unwrap();
    for beside in [
        "forwarded",
        "unknown_fields",
        "response",
        "content_type",
        "bytes",
    ] {
        assert!(members.remove(beside).is_some(), "{beside}");
    }
    // The sender's time is measured a moment later.
    for value in [&mut printed, &mut shown] {
        value["reply"]["micros"].take();
    }
    assert_eq!(shown, printed);
}

#[test]
fn fields_that_no_page_of_the_provider_mentions_are_named() {
    let inspected = Inspected::listen(&[]);
    let body = json!({"kinds": ["open"], "provider": "resend", "set": {"/data/made_up": 1}});
    assert_eq!(inspected.post("/send", &body.to_string()).status, 200);
    let shown = inspected.json(&format!("/deliveries/{}", inspected.id(0)));
    let unknown = &shown["unknown_fields"];
    assert_eq!(
        (&unknown[0]["place"], &unknown[0]["type"]),
        (&json!("/data/made_up"), &json!("number")),
        "{unknown}"
    );
    assert!(
        unknown[0]["page"].as_str().unwrap().starts_with("https://"),
        "{unknown}"
    );
    assert_eq!(unknown.as_array().unwrap().len(), 1);
}

#[test]
fn a_body_is_given_in_lines_in_bytes_and_in_hexadecimal() {
    let inspected = Inspected::listen(&[]);
    let body = b"{\"n\":1.10,\"n\":[1],\"t\":\"\\u001b\"}";
    post(
        inspected.process.port(),
        "/",
        "content-type: application/json\r\n",
        body,
    );
    let path = format!("/deliveries/{}/body", inspected.id(0));
    let pretty = inspected.json(&path);
    let lines = [
        "{",
        "  \"n\":1.10,",
        "  \"n\":[",
        "    1",
        "  ],",
        "  \"t\":\"\\u001b\"",
        "}",
    ];
    assert_eq!(pretty["lines"], json!(lines));
    assert_eq!(
        (&pretty["folds"], &pretty["of"]),
        (&json!([[0, 6], [2, 4]]), &json!(7))
    );
    let part = inspected.json(&format!("{path}?from=2&lines=1"));
    assert_eq!(
        (&part["lines"], &part["folds"]),
        (&json!(["  \"n\":["]), &json!([[2, 4]]))
    );
    let raw = inspected.get(&format!("/api/v1{path}?form=raw"));
    assert_eq!(raw.body, body);
    assert_eq!(
        raw.field("content-type").unwrap(),
        "application/octet-stream"
    );
    assert!(
        raw.field("content-disposition")
            .unwrap()
            .starts_with("attachment")
    );
    let hex = inspected.json(&format!("{path}?form=hex&lines=1"));
    assert!(
        hex["lines"][0]
            .as_str()
            .unwrap()
            .starts_with("00000000  7b 22 6e 22"),
        "{hex}"
    );
    assert_eq!(hex["of"], body.len().div_ceil(16));
}

#[test]
fn what_is_encoded_in_a_body_is_decoded_for_reading_alone() {
    let inspected = Inspected::listen(&[]);
    for (at, (provider, wanted)) in [
        ("ses", Some("\"Message\" : {")),
        ("mandrill", Some("mandrill_events =")),
        ("resend", None),
    ]
    .into_iter()
    .enumerate()
    {
        let url = &inspected.process.url;
        run(&["send", "bounce", "--provider", provider, "--to", url]);
        let path = format!("/deliveries/{}/body", inspected.id(at));
        let decoded = inspected.json(&format!("{path}?form=decoded"));
        assert_eq!(
            decoded["decoded"],
            wanted.is_some(),
            "{provider}: {decoded}"
        );
        let lines = decoded["lines"].as_array().unwrap();
        let has = |text: &str| {
            lines
                .iter()
                .any(|line| line.as_str().unwrap().contains(text))
        };
        assert!(wanted.is_none_or(has), "{provider}: {decoded}");
        let pretty = inspected.json(&path);
        assert_eq!(pretty["lines"] == decoded["lines"], wanted.is_none());
        assert!(pretty.get("decoded").is_none());
    }
}

#[test]
fn a_signature_is_explained_as_verify_explains_it() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("r.ndjson");
    let file = file.to_str().unwrap();
    let inspected = Inspected::listen(&[
        "--record",
        file,
        "--secret",
        "resend=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    ]);
    for provider in ["resend", "sendgrid", "postmark"] {
        let sent = run(&[
            "send",
            "click",
            "--provider",
            provider,
            "--to",
            &inspected.process.url,
        ]);
        assert_eq!(sent.status, 0);
    }
    let args = [
        "verify",
        file,
        "--json",
        "--secret",
        "resend=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    ];
    let verified = run(&args).lines();
    assert_eq!(verified.len(), 3);
    assert_eq!(verified[0]["verdict"], "refused");
    for (at, mut wanted) in verified.into_iter().enumerate() {
        let mut explained = inspected.json(&format!("/deliveries/{}/explain", inspected.id(at)));
        for value in [&mut wanted, &mut explained] {
            let members = value.as_object_mut().unwrap();
            members.remove("source");
            members.remove("now");
        }
        assert_eq!(explained, wanted);
    }
}

#[test]
fn other_forms_have_their_credentials_masked_unless_they_are_asked_for() {
    let inspected = Inspected::listen(&[]);
    let fields = "content-type: application/json\r\nauthorization: Bearer s3cr3t-token\r\n";
    post(
        inspected.process.port(),
        "/hooks?token=s3cr3t-token",
        fields,
        b"{}",
    );
    let id = inspected.id(0);
    for form in ["curl", "http", "json", "har", "vegeta"] {
        let path = format!("/api/v1/deliveries/{id}/as/{form}");
        let masked = inspected.get(&path);
        assert_eq!(masked.status, 200, "{form}: {}", masked.text());
        assert!(
            !masked.text().contains("s3cr3t"),
            "{form}: {}",
            masked.text()
        );
        let json = ["content-type: application/json"];
        let kept = inspected.ask("POST", &path, &json, b"{\"credentials\":\"keep\"}");
        let is_whole = match form {
            // The header fields of vegeta are values of a JSON object, the token among them.
            "vegeta" => kept.text().contains("s3cr3t"),
            _ => kept.text().matches("s3cr3t-token").count() >= 2,
        };
        assert!(is_whole, "{form}: {}", kept.text());
        let masked = inspected.ask("POST", &path, &json, b"{}");
        assert!(!masked.text().contains("s3cr3t"), "{form}");
        assert_eq!(
            inspected
                .ask("POST", &path, &json, b"{\"credentials\":\"all\"}")
                .status,
            400
        );
    }
    let row = &inspected.json("/deliveries")["items"][0];
    assert!(!row.to_string().contains("s3cr3t"), "{row}");
    for form in ["ndjson", "har"] {
        let export = inspected.get(&format!("/api/v1/deliveries/as/{form}"));
        assert!(
            export.status == 200 && !export.text().contains("s3cr3t"),
            "{}",
            export.text()
        );
    }
}

#[test]
fn an_export_holds_what_is_filtered_and_can_be_replayed() {
    let inspected = Inspected::listen(&[]);
    inspected.event("bounce", "resend", "ada@example.com");
    inspected.event("click", "resend", "bob@example.com");
    let dir = tempfile::tempdir().unwrap();
    for (form, name) in [("ndjson", "out.ndjson"), ("har", "out.har")] {
        let export = inspected.get(&format!("/api/v1/deliveries/as/{form}?kind=click"));
        assert!(
            export
                .field("content-disposition")
                .unwrap()
                .starts_with("attachment")
        );
        let path = dir.path().join(name);
        std::fs::write(&path, &export.body).unwrap();
        let handler = Receiver::ok();
        let ran = run(&[
            "replay",
            path.to_str().unwrap(),
            "--to",
            &handler.url,
            "--json",
        ])
        .success();
        let first = &ran.lines()[0];
        assert_eq!(
            (&first["kinds"], &first["recipient"]),
            (&json!(["click"]), &json!("bob@example.com")),
            "{form}"
        );
    }
    assert_eq!(inspected.get("/api/v1/deliveries/as/xml").status, 404);
}

#[test]
fn the_events_of_a_message_are_told_in_the_order_of_their_times() {
    let inspected = Inspected::listen(&[]);
    let body = json!({"kinds": "journey", "provider": "postmark", "seed": 7, "at": "2026-01-01T00:00:00Z"});
    let sent = inspected.post("/send", &body.to_string());
    assert_eq!(sent.status, 200, "{}", sent.text());
    let rows = inspected.json("/deliveries");
    let message = rows["items"][0]["message_ids"][0].as_str().unwrap();
    let told = inspected.json(&format!("/messages/postmark/{message}"));
    let events = told["events"].as_array().unwrap();
    let kinds: Vec<&str> = events
        .iter()
        .map(|it| it["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["delivered", "open", "click"]);
    let times: Vec<&str> = events.iter().map(|it| it["at"].as_str().unwrap()).collect();
    assert!(times.is_sorted(), "{times:?}");
    assert_eq!(events[0]["delivery"], rows["items"][0]["id"]);
}

#[test]
fn two_deliveries_are_compared_line_by_line() {
    let inspected = Inspected::listen(&[]);
    for n in ["1", "2"] {
        let body = format!("{{\"a\":0,\"n\":{n}}}");
        post(
            inspected.process.port(),
            "/",
            "content-type: application/json\r\n",
            body.as_bytes(),
        );
    }
    let (a, b) = (inspected.id(0), inspected.id(1));
    let compared = inspected.json(&format!("/compare?a={a}&b={b}"));
    assert_eq!(
        compared["body"],
        json!([["=", 2], ["-", "  \"n\":1"], ["+", "  \"n\":2"], ["=", 1]])
    );
    assert_eq!(compared["headers"], json!([["=", 4]]));
    let long = format!("[{}0]", "0,".repeat(5000));
    post(inspected.process.port(), "/", "", long.as_bytes());
    let c = inspected.id(2);
    assert_eq!(
        inspected
            .get(&format!("/api/v1/compare?a={a}&b={c}"))
            .status,
        413
    );
}

#[test]
fn statistics_count_kinds_verdicts_and_statuses() {
    let inspected = Inspected::listen(&["--fail-first", "1", "--events", "bounce"]);
    inspected.event("bounce", "resend", "a@example.com");
    inspected.event("click", "resend", "a@example.com");
    for by in ["second", "minute", "hour"] {
        let stats = inspected.json(&format!("/stats?by={by}"));
        let all = &stats["all"];
        assert_eq!(all["count"], 2);
        assert_eq!(all["kinds"], json!({"bounce": 1, "click": 1}));
        assert_eq!(all["statuses"], json!({"200": 1, "503": 1}));
        assert_eq!(all["verdicts"], json!({"verified (test key)": 2}));
        assert!(all["micros"]["p50"].as_u64().unwrap() <= all["micros"]["p99"].as_u64().unwrap());
        let buckets = stats["buckets"].as_array().unwrap();
        let counted: u64 = buckets.iter().map(|it| it["count"].as_u64().unwrap()).sum();
        assert_eq!(counted, 2, "{stats}");
    }
    let bounces = inspected.json("/stats?kind=bounce");
    assert_eq!(bounces["all"]["count"], 1);
}

#[test]
fn the_description_of_the_api_is_that_of_the_server() {
    let inspected = Inspected::listen(&[]);
    inspected.event("bounce", "resend", "a@example.com");
    let id = inspected.id(0);
    let message = inspected.json("/deliveries")["items"][0]["message_ids"][0]
        .as_str()
        .unwrap()
        .to_owned();
    let described = inspected.json("/openapi.json");
    let paths = described["paths"].as_object().unwrap();
    assert_eq!(paths.len(), 21);
    for (path, methods) in paths {
        let filled = path
            .replace("{id}", &id)
            .replace(
                "/as/{form}",
                if path.contains("{id}") {
                    "/as/curl"
                } else {
                    "/as/ndjson"
                },
            )
            .replace("{provider}", "resend")
            .replace("{kind}", "bounce")
            .replace("{number}", "0")
            .replace("{message}", &message);
        let methods = methods.as_object().unwrap();
        let head = ["content-type: application/json"];
        // A method that is not described is not allowed, and the others are listed.
        let rejected = inspected.ask("PATCH", &format!("/api/v1{filled}"), &head, b"{}");
        assert_eq!(rejected.status, 405, "{path}");
        let allowed = rejected.field("allow").unwrap();
        for method in ["get", "post", "put", "delete"] {
            let is_allowed = allowed.split(',').any(|it| it.eq_ignore_ascii_case(method));
            assert_eq!(
                is_allowed,
                methods.contains_key(method),
                "{method} {path}: {allowed}"
            );
        }
        for (method, operation) in methods {
            let parameters = operation["parameters"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            for parameter in &parameters {
                let parameter = match parameter["$ref"].as_str() {
                    Some(place) => described.pointer(place.trim_start_matches('#')).unwrap(),
                    None => parameter,
                };
                if parameter["in"] != "query" || path == "/stream" {
                    continue;
                }
                let name = parameter["name"].as_str().unwrap();
                let soon = if path == "/wait" && name != "for" {
                    "&for=0s"
                } else {
                    ""
                };
                let asked = format!("/api/v1{filled}?{name}=%00{soon}");
                let reply = inspected.ask(method.to_uppercase().as_str(), &asked, &head, b"{}");
                assert!(
                    !reply.text().contains("unknown parameter"),
                    "{asked}: {}",
                    reply.text()
                );
            }
        }
    }
    for (path, body) in [
        ("/send", "/paths/~1send/post"),
        ("/faults", "/paths/~1faults/put"),
    ] {
        let schema = described.pointer(&format!(
            "{body}/requestBody/content/application~1json/schema"
        ));
        let names = schema.unwrap()["properties"].as_object().unwrap().keys();
        for name in names {
            let method = body.rsplit('/').next().unwrap().to_uppercase();
            let head = ["content-type: application/json"];
            let given = json!({name.as_str(): {"x": []}}).to_string();
            let reply = inspected.ask(&method, &format!("/api/v1{path}"), &head, given.as_bytes());
            assert!(
                !reply.text().contains("unknown member"),
                "{path} {name}: {}",
                reply.text()
            );
        }
    }
}

#[test]
fn attachments_of_a_mail_are_downloaded_and_never_shown() {
    let inspected = Inspected::listen(&[]);
    let folder = tempfile::tempdir().unwrap();
    let note = folder.path().join("note.txt");
    std::fs::write(&note, "hello\n").unwrap();
    let sent = run(&[
        "send",
        "inbound",
        "--provider",
        "postmark",
        "--attach",
        note.to_str().unwrap(),
        "--to",
        &inspected.process.url,
    ]);
    sent.success();
    let id = inspected.id(0);
    let path = format!("/api/v1/deliveries/{id}/attachments");
    let file = inspected.get(&format!("{path}/0"));
    assert_eq!((file.status, &file.body[..]), (200, &b"hello\n"[..]));
    assert_eq!(
        file.field("content-type").unwrap(),
        "application/octet-stream"
    );
    assert!(
        file.field("content-disposition")
            .unwrap()
            .starts_with("attachment")
    );
    for number in ["1", "-1", "x", "99999999999999999999"] {
        assert_eq!(
            inspected.get(&format!("{path}/{number}")).status,
            404,
            "{number}"
        );
    }
}

#[test]
fn the_session_says_what_is_kept_and_names_no_secret() {
    let secret = "resend=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let inspected = Inspected::listen(&[
        "--secret",
        secret,
        "--keep",
        "7",
        "-f",
        "http://user:pass@127.0.0.1:9/x",
    ]);
    let session = inspected.json("/session");
    assert_eq!(session["kept"]["most"], 7);
    assert_eq!(session["kept"]["where"], "memory");
    assert_eq!(session["listening"], inspected.process.url);
    assert!(session["secrets"]["resend"].is_array(), "{session}");
    let text = session.to_string();
    assert!(
        !text.contains("MfKQ9r8G") && !text.contains("pass"),
        "{text}"
    );
    let health = inspected.json("/health");
    assert_eq!(health["listening"], inspected.process.url);
    assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn what_is_no_longer_kept_is_gone_and_not_unknown() {
    let inspected = Inspected::listen(&["--keep", "2"]);
    inspected.event("open", "resend", "first@example.com");
    let first = inspected.id(0);
    for at in 0..2 {
        inspected.event("open", "resend", &format!("r{at}@example.com"));
    }
    let reply = inspected.get(&format!("/api/v1/deliveries/{first}"));
    assert_eq!(reply.status, 410);
    assert!(
        reply.error().0.contains("kept are the last 2"),
        "{}",
        reply.text()
    );
    assert_eq!(inspected.json("/deliveries")["matched"], 2);
    assert_eq!(inspected.json("/session")["dropped"], 1);
    // A page that is read while deliveries come: what it ended with may have left the memory by then.
    let page = inspected.json(&format!("/deliveries?before={first}"));
    assert_eq!(page["items"], serde_json::json!([]), "{page}");
    assert_eq!(page["next"], serde_json::Value::Null);
    let unknown = inspected.get("/api/v1/deliveries?before=7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
    assert_eq!(unknown.status, 404);
    let unknown = inspected.get("/api/v1/deliveries/7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
    assert_eq!(unknown.status, 404);
}
