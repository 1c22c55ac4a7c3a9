
use builtin;
use str;

set edit:completion:arg-completer[webhook-cli] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'webhook-cli'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'webhook-cli'= {
            cand --color 'When to colour'
            cand --json 'One JSON object a line in place of text'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand listen 'Receive webhooks, show them, answer them'
            cand send 'Send synthetic events, shaped and signed as a provider does'
            cand replay 'Send again what was saved or recorded'
            cand verify 'Say whether a signature holds, and if not, why'
            cand events 'List providers, their events and what an event looks like'
            cand keys 'Print the public test keys, in the form to paste into a handler''s environment'
            cand completions 'Print a completion script'
            cand man 'Print the manual page, or write a page for each command'
        }
        &'webhook-cli;listen'= {
            cand --addr 'Where to listen'
            cand -p 'The port alone; 0 takes any that is free'
            cand --port 'The port alone; 0 takes any that is free'
            cand -f 'Pass each delivery on, byte for byte, and give the handler''s answer back'
            cand --forward-to 'Pass each delivery on, byte for byte, and give the handler''s answer back'
            cand -r 'Keep each delivery: a line in a `.ndjson` file, or a file in a folder, on disk before it is answered'
            cand --record 'Keep each delivery: a line in a `.ndjson` file, or a file in a folder, on disk before it is answered'
            cand --sync 'When what is recorded must be on disk'
            cand --secret 'A secret: `env:NAME`, `file:PATH`, `-` to be asked, or the value itself; `PROVIDER=…` limits it to one'
            cand --public-url 'The URL that the provider was told to call, for schemes that sign the URL (Mandrill, Twilio, HubSpot, RFC 9421)'
            cand --provider 'Take every delivery as this provider''s or scheme''s, in place of recognising it'
            cand --tolerance 'The age allowed to a signed timestamp [default: 5m, for SES 1h]'
            cand --topic-arn 'The topic that SNS messages must come from; may be given more than once'
            cand --status 'The status to answer'
            cand --body 'The body to answer: a text, or `@FILE`'
            cand -H 'A header to answer; may be given more than once'
            cand --header 'A header to answer; may be given more than once'
            cand --delay 'How long to wait before the answer'
            cand --timeout 'How long a forwarded delivery may take'
            cand -e 'Show only deliveries with these kinds of event; all are still answered, recorded and forwarded'
            cand --events 'Show only deliveries with these kinds of event; all are still answered, recorded and forwarded'
            cand --show 'Which parts of a delivery to show'
            cand -n 'Stop after that many deliveries'
            cand --count 'Stop after that many deliveries'
            cand --for 'Stop after that time'
            cand --expect 'Exit with 1 unless these events came: `bounce`, `click=2`'
            cand --max-body 'The largest body that is taken; more is answered 413'
            cand --color 'When to colour'
            cand --require-signature 'Answer 401 to what does not verify, and never forward it'
            cand -q 'One line for each delivery'
            cand --quiet 'One line for each delivery'
            cand -v 'Everything: events, headers, body and the answer'
            cand --verbose 'Everything: events, headers, body and the answer'
            cand --json 'One JSON object a line in place of text'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'webhook-cli;send'= {
            cand --provider 'Whose shape and signature; `all` for every one'
            cand --scheme 'Sign your own body as a service that is no email provider: stripe, github, slack, shopify, twilio, hubspot, rfc9421, or one spelled out: `hmac-sha256:header=X-Sig,encoding=hex,prefix=sha256=`'
            cand --to 'Where to send: a URL, or `3000`, `:3000/path`, `localhost:3000/path`'
            cand -H 'One more header, or another value for one; may be given more than once'
            cand --header 'One more header, or another value for one; may be given more than once'
            cand --timeout 'How long a whole attempt may take'
            cand --connect-timeout 'How long connecting may take'
            cand --expect-status 'The statuses that count as success: `2xx`, `200,409`'
            cand --as 'How to print them'
            cand --secret 'A secret: `env:NAME`, `file:PATH`, `-` to be asked, or the value itself; `PROVIDER=…` limits it to one'
            cand --public-url 'The URL that the provider was told to call, for schemes that sign the URL (Mandrill, Twilio, HubSpot, RFC 9421)'
            cand --set 'Change a field of the event: a JSON pointer or dotted path, and JSON or a text'
            cand --recipient 'The address it is about'
            cand --url 'The link that was clicked'
            cand --campaign 'The campaign'
            cand --message-id 'The message''s id, as that provider''s users correlate on it'
            cand --at 'When it happened: RFC 3339, or a span back from now such as `2h`'
            cand --tag 'A tag of the message; may be given more than once'
            cand --metadata 'A member of the sender''s own; may be given more than once'
            cand --bounce 'The sort of bounce: hard, soft, mailbox-full, blocked'
            cand -d 'Your own body in place of an example: a text, `@FILE`, or `-`'
            cand --data 'Your own body in place of an example: a text, `@FILE`, or `-`'
            cand -n 'How many deliveries of each kind'
            cand --count 'How many deliveries of each kind'
            cand -c 'How many requests at once'
            cand --concurrency 'How many requests at once'
            cand --retries 'How often a delivery is tried again'
            cand --seed 'The same ids every time; with `--at` the same bytes'
            cand --signed-at 'The signed timestamp: RFC 3339, or a span back from now [default: now; with `--seed` and `--at`, that of `--at`]'
            cand --save 'Keep what is sent as a fixture: a `.json` file, a folder, or a line in a `.ndjson` recording'
            cand --color 'When to colour'
            cand --insecure 'Take any certificate'
            cand --dry-run 'Print the requests in place of sending them'
            cand --json 'One JSON object a line in place of text'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'webhook-cli;replay'= {
            cand --to 'Where to send: a URL, or `3000`, `:3000/path`, `localhost:3000/path`'
            cand -H 'One more header, or another value for one; may be given more than once'
            cand --header 'One more header, or another value for one; may be given more than once'
            cand --timeout 'How long a whole attempt may take'
            cand --connect-timeout 'How long connecting may take'
            cand --expect-status 'The statuses that count as success: `2xx`, `200,409`'
            cand --as 'How to print them'
            cand --secret 'A secret: `env:NAME`, `file:PATH`, `-` to be asked, or the value itself; `PROVIDER=…` limits it to one'
            cand --public-url 'The URL that the provider was told to call, for schemes that sign the URL (Mandrill, Twilio, HubSpot, RFC 9421)'
            cand --path 'The path to ask for, in place of the recorded one'
            cand -c 'How many requests at once; the recorded order is kept with 1'
            cand --concurrency 'How many requests at once; the recorded order is kept with 1'
            cand --retries 'How often a delivery is tried again: no answer, 408, 425, 429, 500, 502, 503, 504'
            cand --backoff 'The wait before the second attempt; it doubles from there'
            cand -e 'Only deliveries with these kinds of event'
            cand --events 'Only deliveries with these kinds of event'
            cand --provider 'Only deliveries of this provider'
            cand --recipient 'Only deliveries about this address'
            cand --skip 'Pass over the first N'
            cand --limit 'Send at most N'
            cand --color 'When to colour'
            cand --insecure 'Take any certificate'
            cand --dry-run 'Print the requests in place of sending them'
            cand --resign 'Make a new timestamp and signature for each attempt, by the provider''s rule'
            cand --yes 'Send to a host that is neither this machine nor in a private network, without asking'
            cand --skip-broken 'Name a broken fixture and go on'
            cand --watch 'Stay, and send each fixture again when it is saved'
            cand --json 'One JSON object a line in place of text'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'webhook-cli;verify'= {
            cand --secret 'A secret: `env:NAME`, `file:PATH`, `-` to be asked, or the value itself; `PROVIDER=…` limits it to one'
            cand --public-url 'The URL that the provider was told to call, for schemes that sign the URL (Mandrill, Twilio, HubSpot, RFC 9421)'
            cand --provider 'Judge as this provider''s, in place of recognising it'
            cand --now 'Judge as of this moment [default: when it was recorded, else now]'
            cand --tolerance 'The age allowed to a signed timestamp [default: 5m, for SES 1h]'
            cand --topic-arn 'The topic that SNS messages must come from; may be given more than once'
            cand -H 'The source is a body, and this is one of its headers; may be given more than once'
            cand --header 'The source is a body, and this is one of its headers; may be given more than once'
            cand --url 'The URL where it is part of what is signed; the same as `--public-url`'
            cand --id 'Only the recorded delivery of this id'
            cand --color 'When to colour'
            cand --json 'One JSON object a line in place of text'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'webhook-cli;events'= {
            cand --color 'When to colour'
            cand --schema 'Print the JSON Schema of a fixture'
            cand --json 'One JSON object a line in place of text'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'webhook-cli;keys'= {
            cand --color 'When to colour'
            cand --json 'One JSON object a line in place of text'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'webhook-cli;completions'= {
            cand --color 'When to colour'
            cand --json 'One JSON object a line in place of text'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'webhook-cli;man'= {
            cand --dir 'Write `webhook-cli*.1` into this folder in place of printing'
            cand --color 'When to colour'
            cand --json 'One JSON object a line in place of text'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
    ]
    $completions[$command]
}
