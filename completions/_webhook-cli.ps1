
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'webhook-cli' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'webhook-cli'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'webhook-cli' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON object a line in place of text')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('listen', 'listen', [CompletionResultType]::ParameterValue, 'Receive webhooks, show them, answer them')
            [CompletionResult]::new('send', 'send', [CompletionResultType]::ParameterValue, 'Send synthetic events, shaped and signed as a provider does')
            [CompletionResult]::new('replay', 'replay', [CompletionResultType]::ParameterValue, 'Send again what was saved or recorded')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Say whether a signature holds, and if not, why')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Say whether a handler is safe to ship')
            [CompletionResult]::new('events', 'events', [CompletionResultType]::ParameterValue, 'List providers, their events and what an event looks like')
            [CompletionResult]::new('keys', 'keys', [CompletionResultType]::ParameterValue, 'Print the public test keys, in the form to paste into a handler''s environment')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print a completion script')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print the manual page, or write a page for each command')
            break
        }
        'webhook-cli;listen' {
            [CompletionResult]::new('--addr', '--addr', [CompletionResultType]::ParameterName, 'Where to listen')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'The port alone; 0 takes any that is free')
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'The port alone; 0 takes any that is free')
            [CompletionResult]::new('--cert', '--cert', [CompletionResultType]::ParameterName, 'HTTPS with this certificate: PEM, and behind it those that lead to it')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'The key of that certificate: PEM')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Pass each delivery on, byte for byte, and give the handler''s answer back; more than once, the first answers')
            [CompletionResult]::new('--forward-to', '--forward-to', [CompletionResultType]::ParameterName, 'Pass each delivery on, byte for byte, and give the handler''s answer back; more than once, the first answers')
            [CompletionResult]::new('--retries', '--retries', [CompletionResultType]::ParameterName, 'How often a delivery is tried again in the background: no answer, 408, 425, 429, 500, 502, 503, 504')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'How long passing it on may take, each time')
            [CompletionResult]::new('-r', '-r', [CompletionResultType]::ParameterName, 'Keep each delivery: a line in a `.ndjson` file, or a file in a folder, on disk before it is answered')
            [CompletionResult]::new('--record', '--record', [CompletionResultType]::ParameterName, 'Keep each delivery: a line in a `.ndjson` file, or a file in a folder, on disk before it is answered')
            [CompletionResult]::new('--sync', '--sync', [CompletionResultType]::ParameterName, 'When what is recorded must be on disk')
            [CompletionResult]::new('--secret', '--secret', [CompletionResultType]::ParameterName, 'A secret: `env:NAME`, `file:PATH`, `-` to be asked, or the value itself; `PROVIDER=…` limits it to one')
            [CompletionResult]::new('--public-url', '--public-url', [CompletionResultType]::ParameterName, 'The URL that the provider was told to call, for schemes that sign the URL (Mandrill, Twilio, HubSpot, RFC 9421)')
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'Take every delivery as this provider''s or scheme''s, in place of recognising it')
            [CompletionResult]::new('--tolerance', '--tolerance', [CompletionResultType]::ParameterName, 'The age allowed to a signed timestamp [default: 5m, for SES 1h]')
            [CompletionResult]::new('--topic-arn', '--topic-arn', [CompletionResultType]::ParameterName, 'The topic that SNS messages must come from; may be given more than once')
            [CompletionResult]::new('--status', '--status', [CompletionResultType]::ParameterName, 'The status to answer')
            [CompletionResult]::new('--body', '--body', [CompletionResultType]::ParameterName, 'The body to answer: a text, or `@FILE`')
            [CompletionResult]::new('-H', '-H ', [CompletionResultType]::ParameterName, 'A header to answer; may be given more than once')
            [CompletionResult]::new('--header', '--header', [CompletionResultType]::ParameterName, 'A header to answer; may be given more than once')
            [CompletionResult]::new('--delay', '--delay', [CompletionResultType]::ParameterName, 'How long to wait before the answer')
            [CompletionResult]::new('--fail-first', '--fail-first', [CompletionResultType]::ParameterName, 'Fail each delivery N times before it is taken, to watch its provider try again')
            [CompletionResult]::new('--fail-rate', '--fail-rate', [CompletionResultType]::ParameterName, 'Fail that share of the deliveries: `0.3` or `30%`')
            [CompletionResult]::new('--fail-status', '--fail-status', [CompletionResultType]::ParameterName, 'What to answer when failing; without `--fail-first` and `--fail-rate`, always [default: 503]')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Fail the same ones of the same deliveries every time')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'Show only deliveries with these kinds of event; all are still answered, recorded and forwarded')
            [CompletionResult]::new('--events', '--events', [CompletionResultType]::ParameterName, 'Show only deliveries with these kinds of event; all are still answered, recorded and forwarded')
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Show only deliveries to such a path: `/hooks/*`, `**/bounce`; may be given more than once')
            [CompletionResult]::new('--show', '--show', [CompletionResultType]::ParameterName, 'Which parts of a delivery to show')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Stop after that many deliveries')
            [CompletionResult]::new('--count', '--count', [CompletionResultType]::ParameterName, 'Stop after that many deliveries')
            [CompletionResult]::new('--for', '--for', [CompletionResultType]::ParameterName, 'Stop after that time')
            [CompletionResult]::new('--expect', '--expect', [CompletionResultType]::ParameterName, 'Exit with 1 unless these events came: `bounce`, `click=2`')
            [CompletionResult]::new('--max-body', '--max-body', [CompletionResultType]::ParameterName, 'The largest body that is taken; more is answered 413')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--tls', '--tls', [CompletionResultType]::ParameterName, 'HTTPS, with a certificate that is made once and kept; its path is said')
            [CompletionResult]::new('--ack-always', '--ack-always', [CompletionResultType]::ParameterName, 'Answer as soon as a delivery is kept, and pass it on in the background')
            [CompletionResult]::new('--redact', '--redact', [CompletionResultType]::ParameterName, 'Replace addresses, IPs, tokens and credentials on the way to disk: the same input by the same placeholder')
            [CompletionResult]::new('--require-signature', '--require-signature', [CompletionResultType]::ParameterName, 'Answer 401 to what does not verify, and never forward it')
            [CompletionResult]::new('--fetch-certs', '--fetch-certs', [CompletionResultType]::ParameterName, 'Fetch the certificate that an SNS message names, from SNS itself and nowhere else, and verify with it')
            [CompletionResult]::new('--confirm-sns', '--confirm-sns', [CompletionResultType]::ParameterName, 'Visit the link of an SNS subscription to confirm it, if it leads to SNS itself')
            [CompletionResult]::new('--hang-up', '--hang-up', [CompletionResultType]::ParameterName, 'Close the connection in place of answering when failing; without `--fail-first` and `--fail-rate`, always')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'One line for each delivery')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'One line for each delivery')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Everything: events, headers, body and the answer')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Everything: events, headers, body and the answer')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON object a line in place of text')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'webhook-cli;send' {
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'Whose shape and signature; `all` for every one')
            [CompletionResult]::new('--scheme', '--scheme', [CompletionResultType]::ParameterName, 'Sign your own body as a service that is no email provider: stripe, github, slack, shopify, twilio, hubspot, rfc9421, or one spelled out: `hmac-sha256:header=X-Sig,encoding=hex,prefix=sha256=`')
            [CompletionResult]::new('--to', '--to', [CompletionResultType]::ParameterName, 'Where to send: a URL, or `3000`, `:3000/path`, `localhost:3000/path`')
            [CompletionResult]::new('-H', '-H ', [CompletionResultType]::ParameterName, 'One more header, or another value for one; may be given more than once')
            [CompletionResult]::new('--header', '--header', [CompletionResultType]::ParameterName, 'One more header, or another value for one; may be given more than once')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'How long a whole attempt may take')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'How long connecting may take')
            [CompletionResult]::new('--rate', '--rate', [CompletionResultType]::ParameterName, 'Send at this rate at most: `100/s`, `5/m`; it delays, never drops, and makes up for no stall')
            [CompletionResult]::new('--backoff', '--backoff', [CompletionResultType]::ParameterName, 'The wait before the second attempt; it doubles from there, and chance adds up to half')
            [CompletionResult]::new('--retry-on', '--retry-on', [CompletionResultType]::ParameterName, 'The statuses that are tried again; so is what gets no answer. All others are final, and 410 ends the run')
            [CompletionResult]::new('--max-retry-after', '--max-retry-after', [CompletionResultType]::ParameterName, 'The longest wait that the target may ask for with `Retry-After`; if it asks for more, the run ends and says so')
            [CompletionResult]::new('--expect-status', '--expect-status', [CompletionResultType]::ParameterName, 'The statuses that count as success: `2xx`, `200,409` [default: 2xx; with `--tamper`, 4xx]')
            [CompletionResult]::new('--expect-within', '--expect-within', [CompletionResultType]::ParameterName, 'How long an answer may take to count as success')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'How to print them')
            [CompletionResult]::new('--secret', '--secret', [CompletionResultType]::ParameterName, 'A secret: `env:NAME`, `file:PATH`, `-` to be asked, or the value itself; `PROVIDER=…` limits it to one')
            [CompletionResult]::new('--public-url', '--public-url', [CompletionResultType]::ParameterName, 'The URL that the provider was told to call, for schemes that sign the URL (Mandrill, Twilio, HubSpot, RFC 9421)')
            [CompletionResult]::new('--set', '--set', [CompletionResultType]::ParameterName, 'Change a field of the event, or of what stands around it: a JSON pointer or dotted path, and JSON or a text')
            [CompletionResult]::new('--recipient', '--recipient', [CompletionResultType]::ParameterName, 'The address it is about')
            [CompletionResult]::new('--url', '--url', [CompletionResultType]::ParameterName, 'The link that was clicked')
            [CompletionResult]::new('--campaign', '--campaign', [CompletionResultType]::ParameterName, 'The campaign')
            [CompletionResult]::new('--message-id', '--message-id', [CompletionResultType]::ParameterName, 'The message''s id, as that provider''s users correlate on it')
            [CompletionResult]::new('--at', '--at', [CompletionResultType]::ParameterName, 'When it happened: RFC 3339, or a span back from now such as `2h`')
            [CompletionResult]::new('--tag', '--tag', [CompletionResultType]::ParameterName, 'A tag of the message; may be given more than once')
            [CompletionResult]::new('--metadata', '--metadata', [CompletionResultType]::ParameterName, 'A member of the sender''s own; may be given more than once')
            [CompletionResult]::new('--bounce', '--bounce', [CompletionResultType]::ParameterName, 'The sort of bounce: hard, soft, mailbox-full, blocked')
            [CompletionResult]::new('--batch', '--batch', [CompletionResultType]::ParameterName, 'So many events a request, of the kinds in turn, as a provider that batches does; `-n` counts requests')
            [CompletionResult]::new('--probe', '--probe', [CompletionResultType]::ParameterName, 'What the provider asks of a URL in place of an event: a ping, a HEAD, a subscription to confirm; without a name, all that it asks')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Your own body in place of an example: a text, `@FILE`, or `-`')
            [CompletionResult]::new('--data', '--data', [CompletionResultType]::ParameterName, 'Your own body in place of an example: a text, `@FILE`, or `-`')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'How many deliveries of each kind')
            [CompletionResult]::new('--count', '--count', [CompletionResultType]::ParameterName, 'How many deliveries of each kind')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'How many requests at once')
            [CompletionResult]::new('--concurrency', '--concurrency', [CompletionResultType]::ParameterName, 'How many requests at once')
            [CompletionResult]::new('--retries', '--retries', [CompletionResultType]::ParameterName, 'How often a delivery is tried again')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'The same ids every time; with `--at` the same bytes')
            [CompletionResult]::new('--signed-at', '--signed-at', [CompletionResultType]::ParameterName, 'The signed timestamp: RFC 3339, or a span back from now [default: now; with `--seed` and `--at`, that of `--at`]')
            [CompletionResult]::new('--tamper', '--tamper', [CompletionResultType]::ParameterName, 'A near miss on purpose: looks right, and a handler must refuse it')
            [CompletionResult]::new('--save', '--save', [CompletionResultType]::ParameterName, 'Keep what is sent as a fixture: a `.json` file, a folder, or a line in a `.ndjson` recording')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--insecure', '--insecure', [CompletionResultType]::ParameterName, 'Take any certificate')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'No line for what succeeded; with `--dry-run`, no requests either')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'No line for what succeeded; with `--dry-run`, no requests either')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print the requests in place of sending them')
            [CompletionResult]::new('--machine', '--machine', [CompletionResultType]::ParameterName, 'A machine''s open or click, as the provider marks it: a privacy proxy, a link scanner')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON object a line in place of text')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'webhook-cli;replay' {
            [CompletionResult]::new('--to', '--to', [CompletionResultType]::ParameterName, 'Where to send: a URL, or `3000`, `:3000/path`, `localhost:3000/path`')
            [CompletionResult]::new('-H', '-H ', [CompletionResultType]::ParameterName, 'One more header, or another value for one; may be given more than once')
            [CompletionResult]::new('--header', '--header', [CompletionResultType]::ParameterName, 'One more header, or another value for one; may be given more than once')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'How long a whole attempt may take')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'How long connecting may take')
            [CompletionResult]::new('--rate', '--rate', [CompletionResultType]::ParameterName, 'Send at this rate at most: `100/s`, `5/m`; it delays, never drops, and makes up for no stall')
            [CompletionResult]::new('--backoff', '--backoff', [CompletionResultType]::ParameterName, 'The wait before the second attempt; it doubles from there, and chance adds up to half')
            [CompletionResult]::new('--retry-on', '--retry-on', [CompletionResultType]::ParameterName, 'The statuses that are tried again; so is what gets no answer. All others are final, and 410 ends the run')
            [CompletionResult]::new('--max-retry-after', '--max-retry-after', [CompletionResultType]::ParameterName, 'The longest wait that the target may ask for with `Retry-After`; if it asks for more, the run ends and says so')
            [CompletionResult]::new('--expect-status', '--expect-status', [CompletionResultType]::ParameterName, 'The statuses that count as success: `2xx`, `200,409` [default: 2xx; with `--tamper`, 4xx]')
            [CompletionResult]::new('--expect-within', '--expect-within', [CompletionResultType]::ParameterName, 'How long an answer may take to count as success')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'How to print them')
            [CompletionResult]::new('--secret', '--secret', [CompletionResultType]::ParameterName, 'A secret: `env:NAME`, `file:PATH`, `-` to be asked, or the value itself; `PROVIDER=…` limits it to one')
            [CompletionResult]::new('--public-url', '--public-url', [CompletionResultType]::ParameterName, 'The URL that the provider was told to call, for schemes that sign the URL (Mandrill, Twilio, HubSpot, RFC 9421)')
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'The path to ask for, in place of the recorded one')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'How many requests at once; the recorded order is kept with 1')
            [CompletionResult]::new('--concurrency', '--concurrency', [CompletionResultType]::ParameterName, 'How many requests at once; the recorded order is kept with 1')
            [CompletionResult]::new('--speed', '--speed', [CompletionResultType]::ParameterName, 'The recorded gaps between deliveries, scaled: `original`, `2x`, or `max` for none')
            [CompletionResult]::new('--retries', '--retries', [CompletionResultType]::ParameterName, 'How often a delivery is tried again')
            [CompletionResult]::new('--resume', '--resume', [CompletionResultType]::ParameterName, 'Note in this file what is done, and go on where the last run with it was')
            [CompletionResult]::new('--failed-to', '--failed-to', [CompletionResultType]::ParameterName, 'Keep what was refused in the end: a recording that can be replayed, `.ndjson` or a folder')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'Only deliveries with these kinds of event')
            [CompletionResult]::new('--events', '--events', [CompletionResultType]::ParameterName, 'Only deliveries with these kinds of event')
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'Only deliveries of this provider')
            [CompletionResult]::new('--recipient', '--recipient', [CompletionResultType]::ParameterName, 'Only deliveries about this address')
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Only what was recorded at this time or later: RFC 3339, or a span back from now such as `2h`')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'Only what was recorded before this time')
            [CompletionResult]::new('--skip', '--skip', [CompletionResultType]::ParameterName, 'Pass over the first N')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'Send at most N')
            [CompletionResult]::new('--repeat', '--repeat', [CompletionResultType]::ParameterName, 'Send all of it N times')
            [CompletionResult]::new('--duplicate', '--duplicate', [CompletionResultType]::ParameterName, 'Send this share twice: `0.1`, `10%`')
            [CompletionResult]::new('--drop', '--drop', [CompletionResultType]::ParameterName, 'Do not send this share')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'The same disorder every time')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--insecure', '--insecure', [CompletionResultType]::ParameterName, 'Take any certificate')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'No line for what succeeded; with `--dry-run`, no requests either')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'No line for what succeeded; with `--dry-run`, no requests either')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print the requests in place of sending them')
            [CompletionResult]::new('--resign', '--resign', [CompletionResultType]::ParameterName, 'Make a new timestamp and signature for each attempt, by the provider''s rule')
            [CompletionResult]::new('--fresh-ids', '--fresh-ids', [CompletionResultType]::ParameterName, 'Give each delivery an id of its own, so that a handler takes it for a new one; the id is signed too')
            [CompletionResult]::new('--ordered', '--ordered', [CompletionResultType]::ParameterName, 'Never two requests at once about the same message, and those in the recorded order; others may overtake')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Send to a host that is neither this machine nor in a private network, without asking')
            [CompletionResult]::new('--skip-broken', '--skip-broken', [CompletionResultType]::ParameterName, 'Name a broken fixture and go on')
            [CompletionResult]::new('--shuffle', '--shuffle', [CompletionResultType]::ParameterName, 'In another order; beyond 10,000 deliveries, shuffled within a window of that many')
            [CompletionResult]::new('--watch', '--watch', [CompletionResultType]::ParameterName, 'Stay, and send each fixture again when it is saved')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON object a line in place of text')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'webhook-cli;verify' {
            [CompletionResult]::new('--secret', '--secret', [CompletionResultType]::ParameterName, 'A secret: `env:NAME`, `file:PATH`, `-` to be asked, or the value itself; `PROVIDER=…` limits it to one')
            [CompletionResult]::new('--public-url', '--public-url', [CompletionResultType]::ParameterName, 'The URL that the provider was told to call, for schemes that sign the URL (Mandrill, Twilio, HubSpot, RFC 9421)')
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'Judge as this provider''s, in place of recognising it')
            [CompletionResult]::new('--now', '--now', [CompletionResultType]::ParameterName, 'Judge as of this moment [default: when it was recorded, else now]')
            [CompletionResult]::new('--tolerance', '--tolerance', [CompletionResultType]::ParameterName, 'The age allowed to a signed timestamp [default: 5m, for SES 1h]')
            [CompletionResult]::new('--topic-arn', '--topic-arn', [CompletionResultType]::ParameterName, 'The topic that SNS messages must come from; may be given more than once')
            [CompletionResult]::new('-H', '-H ', [CompletionResultType]::ParameterName, 'The source is a body, and this is one of its headers; may be given more than once')
            [CompletionResult]::new('--header', '--header', [CompletionResultType]::ParameterName, 'The source is a body, and this is one of its headers; may be given more than once')
            [CompletionResult]::new('--url', '--url', [CompletionResultType]::ParameterName, 'The URL where it is part of what is signed; the same as `--public-url`')
            [CompletionResult]::new('--id', '--id', [CompletionResultType]::ParameterName, 'Only the recorded delivery of this id')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--fetch-certs', '--fetch-certs', [CompletionResultType]::ParameterName, 'Fetch the certificate that an SNS message names, from SNS itself and nowhere else, and verify with it')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON object a line in place of text')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'webhook-cli;check' {
            [CompletionResult]::new('--provider', '--provider', [CompletionResultType]::ParameterName, 'Whose deliveries to send')
            [CompletionResult]::new('--only', '--only', [CompletionResultType]::ParameterName, 'Only these checks or groups')
            [CompletionResult]::new('--skip', '--skip', [CompletionResultType]::ParameterName, 'Not these checks or groups')
            [CompletionResult]::new('--probe', '--probe', [CompletionResultType]::ParameterName, 'Where to read a number that grows with what the handler keeps: a URL that answers it')
            [CompletionResult]::new('--probe-cmd', '--probe-cmd', [CompletionResultType]::ParameterName, 'The same: a command that prints it')
            [CompletionResult]::new('--within', '--within', [CompletionResultType]::ParameterName, 'How soon the handler must acknowledge [default: as long as the provider waits, else 10s]')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'The same ids every time [default: new ones, so that a handler that knows the old ones is not fooled]')
            [CompletionResult]::new('--secret', '--secret', [CompletionResultType]::ParameterName, 'A secret: `env:NAME`, `file:PATH`, `-` to be asked, or the value itself; `PROVIDER=…` limits it to one')
            [CompletionResult]::new('--public-url', '--public-url', [CompletionResultType]::ParameterName, 'The URL that the provider was told to call, for schemes that sign the URL (Mandrill, Twilio, HubSpot, RFC 9421)')
            [CompletionResult]::new('--topic-arn', '--topic-arn', [CompletionResultType]::ParameterName, 'The topic that the handler takes SNS messages from')
            [CompletionResult]::new('-H', '-H ', [CompletionResultType]::ParameterName, 'One more header, or another value for one; may be given more than once')
            [CompletionResult]::new('--header', '--header', [CompletionResultType]::ParameterName, 'One more header, or another value for one; may be given more than once')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'How long an answer may take')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'How long connecting may take')
            [CompletionResult]::new('--explain', '--explain', [CompletionResultType]::ParameterName, 'Explain a check, and send nothing')
            [CompletionResult]::new('--report', '--report', [CompletionResultType]::ParameterName, 'How to report')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Take a warning for a failure')
            [CompletionResult]::new('--insecure', '--insecure', [CompletionResultType]::ParameterName, 'Take any certificate')
            [CompletionResult]::new('--list', '--list', [CompletionResultType]::ParameterName, 'List the checks, and send nothing')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON object a line in place of text')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'webhook-cli;events' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--provenance', '--provenance', [CompletionResultType]::ParameterName, 'Say below the payload where each field is known from; a terminal gets that without asking')
            [CompletionResult]::new('--unconfirmed', '--unconfirmed', [CompletionResultType]::ParameterName, 'List what is assumed or not confirmed')
            [CompletionResult]::new('--schema', '--schema', [CompletionResultType]::ParameterName, 'Print the JSON Schema of a fixture')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON object a line in place of text')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'webhook-cli;keys' {
            [CompletionResult]::new('--out', '--out', [CompletionResultType]::ParameterName, 'With `--new`, write them into this folder, in files that nobody else can read, in place of printing them')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--new', '--new', [CompletionResultType]::ParameterName, 'Mint a fresh secret, in the form to sign with and in the one for the handler')
            [CompletionResult]::new('--ed25519', '--ed25519', [CompletionResultType]::ParameterName, 'With `--new`, an Ed25519 key pair in place of a shared key, where the scheme has one')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON object a line in place of text')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'webhook-cli;completions' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON object a line in place of text')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'webhook-cli;man' {
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'Write `webhook-cli*.1` into this folder in place of printing')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to colour')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One JSON object a line in place of text')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
