# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_webhook_cli_global_optspecs
    string join \n json color= h/help V/version
end

function __fish_webhook_cli_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_webhook_cli_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_webhook_cli_using_subcommand
    set -l cmd (__fish_webhook_cli_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c webhook-cli -n "__fish_webhook_cli_needs_command" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` says otherwise'
always\t'Always'
never\t'Never'"
complete -c webhook-cli -n "__fish_webhook_cli_needs_command" -l json -d 'One JSON object a line in place of text'
complete -c webhook-cli -n "__fish_webhook_cli_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c webhook-cli -n "__fish_webhook_cli_needs_command" -s V -l version -d 'Print version'
complete -c webhook-cli -n "__fish_webhook_cli_needs_command" -f -a "listen" -d 'Receive webhooks, show them, answer them'
complete -c webhook-cli -n "__fish_webhook_cli_needs_command" -f -a "send" -d 'Send synthetic events, shaped and signed as a provider does'
complete -c webhook-cli -n "__fish_webhook_cli_needs_command" -f -a "replay" -d 'Send again what was saved or recorded'
complete -c webhook-cli -n "__fish_webhook_cli_needs_command" -f -a "verify" -d 'Say whether a signature holds, and if not, why'
complete -c webhook-cli -n "__fish_webhook_cli_needs_command" -f -a "check" -d 'Say whether a handler is safe to ship'
complete -c webhook-cli -n "__fish_webhook_cli_needs_command" -f -a "events" -d 'List providers, their events and what an event looks like'
complete -c webhook-cli -n "__fish_webhook_cli_needs_command" -f -a "keys" -d 'Print the public test keys, in the form to paste into a handler\'s environment'
complete -c webhook-cli -n "__fish_webhook_cli_needs_command" -f -a "completions" -d 'Print a completion script'
complete -c webhook-cli -n "__fish_webhook_cli_needs_command" -f -a "man" -d 'Print the manual page, or write a page for each command'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand listen" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` says otherwise'
always\t'Always'
never\t'Never'"
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand listen" -l addr -d 'Where to listen' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand listen" -s p -l port -d 'The port alone; 0 takes any that is free' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand listen" -l cert -d 'HTTPS with this certificate: PEM, and behind it those that lead to it' -r -F
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand listen" -l key -d 'The key of that certificate: PEM' -r -F
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand listen" -s f -l forward-to -d 'Pass each delivery on, byte for byte, and give the handler\'s answer back; more than once, the first answers' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand listen" -l retries -d 'How often a delivery is tried again in the background: no answer, 408, 425, 429, 500, 502, 503, 504' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand listen" -l timeout -d 'How long passing it on may take, each time' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand listen" -s r -l record -d 'Keep each delivery: a line in a `.ndjson` file, or a file in a folder, on disk before it is answered' -r -F
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand listen" -l sync -d 'When what is recorded must be on disk' -r -f -a "always\t'Before it is answered: nothing is lost'
interval\t'Every 100 ms: a power cut loses what came since, and a kill the last 2 ms'
none\t'When the system likes: a power cut loses up to half a minute, and a kill the last 2 ms'"
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand listen" -l secret -d 'A secret: `env:NAME`, `file:PATH`, `-` to be asked, or the value itself; `PROVIDER=…` limits it to one' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand listen" -l public-url -d 'The URL that the provider was told to call, for schemes that sign the URL (Mandrill, Twilio, HubSpot, RFC 9421)' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand listen" -l provider -d 'Take every delivery as this provider\'s or scheme\'s, in place of recognising it' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand listen" -l tolerance -d 'The age allowed to a signed timestamp [default: 5m, for SES 1h]' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand listen" -l topic-arn -d 'The topic that SNS messages must come from; may be given more than once' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand listen" -l status -d 'The status to answer' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand listen" -l body -d 'The body to answer: a text, or `@FILE`' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand listen" -s H -l header -d 'A header to answer; may be given more than once' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand listen" -l delay -d 'How long to wait before the answer' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand listen" -l fail-first -d 'Fail each delivery N times before it is taken, to watch its provider try again' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand listen" -l fail-rate -d 'Fail that share of the deliveries: `0.3` or `30%`' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand listen" -l fail-status -d 'What to answer when failing; without `--fail-first` and `--fail-rate`, always [default: 503]' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand listen" -l seed -d 'Fail the same ones of the same deliveries every time' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand listen" -s e -l events -d 'Show only deliveries with these kinds of event; all are still answered, recorded and forwarded' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand listen" -l path -d 'Show only deliveries to such a path: `/hooks/*`, `**/bounce`; may be given more than once' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand listen" -l show -d 'Which parts of a delivery to show' -r -f -a "events\t'A line for each event'
headers\t'The header fields'
body\t'The body'
reply\t'What was answered'"
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand listen" -s n -l count -d 'Stop after that many deliveries' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand listen" -l for -d 'Stop after that time' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand listen" -l expect -d 'Exit with 1 unless these events came: `bounce`, `click=2`' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand listen" -l max-body -d 'The largest body that is taken; more is answered 413' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand listen" -l json -d 'One JSON object a line in place of text'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand listen" -l tls -d 'HTTPS, with a certificate that is made once and kept; its path is said'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand listen" -l ack-always -d 'Answer as soon as a delivery is kept, and pass it on in the background'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand listen" -l redact -d 'Replace addresses, IPs, tokens and credentials on the way to disk: the same input by the same placeholder'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand listen" -l require-signature -d 'Answer 401 to what does not verify, and never forward it'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand listen" -l fetch-certs -d 'Fetch the certificate that an SNS message names, from SNS itself and nowhere else, and verify with it'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand listen" -l confirm-sns -d 'Visit the link of an SNS subscription to confirm it, if it leads to SNS itself'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand listen" -l hang-up -d 'Close the connection in place of answering when failing; without `--fail-first` and `--fail-rate`, always'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand listen" -s q -l quiet -d 'One line for each delivery'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand listen" -s v -l verbose -d 'Everything: events, headers, body and the answer'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand listen" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` says otherwise'
always\t'Always'
never\t'Never'"
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -l provider -d 'Whose shape and signature; `all` for every one' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -l scheme -d 'Sign your own body as a service that is no email provider: stripe, github, slack, shopify, twilio, hubspot, rfc9421, or one spelled out: `hmac-sha256:header=X-Sig,encoding=hex,prefix=sha256=`' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -l to -d 'Where to send: a URL, or `3000`, `:3000/path`, `localhost:3000/path`' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -s H -l header -d 'One more header, or another value for one; may be given more than once' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -l timeout -d 'How long a whole attempt may take' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -l connect-timeout -d 'How long connecting may take' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -l rate -d 'Send at this rate at most: `100/s`, `5/m`; it delays, never drops, and makes up for no stall' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -l backoff -d 'The wait before the second attempt; it doubles from there, and chance adds up to half' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -l retry-on -d 'The statuses that are tried again; so is what gets no answer. All others are final, and 410 ends the run' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -l max-retry-after -d 'The longest wait that the target may ask for with `Retry-After`; if it asks for more, the run ends and says so' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -l expect-status -d 'The statuses that count as success: `2xx`, `200,409` [default: 2xx; with `--tamper`, 4xx]' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -l expect-within -d 'How long an answer may take to count as success' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -l as -d 'How to print them' -r -f -a "http\t'As it goes over the wire'
curl\t'As a command line for curl'
json\t'As a fixture on one line'
har\t'As one HAR 1.2 document of requests, which `replay` and other tools read'
vegeta\t'As a target of the load engine vegeta on one line'"
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -l secret -d 'A secret: `env:NAME`, `file:PATH`, `-` to be asked, or the value itself; `PROVIDER=…` limits it to one' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -l public-url -d 'The URL that the provider was told to call, for schemes that sign the URL (Mandrill, Twilio, HubSpot, RFC 9421)' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -l ending -d '`send journey`: how the message\'s life ends, if not with a click' -r -f -a "bounce\t'The message is refused'
complaint\t'The message is reported as spam'
unsubscribe\t'The reader wants no more'"
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -l recipients -d '`send campaign`: how many messages, to a recipient each [default: 100]' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -l compress -d 'Keep the gaps between events, so much shortened: `60x`; without it they follow at once' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -l bounce-rate -d 'The share of messages that bounce [default: 2%]' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -l deferred-rate -d 'Of the others, the share that is deferred first [default: 3%]' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -l open-rate -d 'Of those delivered, the share that is opened [default: 30%]' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -l click-rate -d 'Of those opened, the share in which a link is followed [default: 10%]' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -l unsubscribe-rate -d 'Of those opened, the share whose reader wants no more [default: 0.5%]' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -l complaint-rate -d 'Of those delivered, the share that is reported as spam [default: 0.05%]' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -l set -d 'Change a field of the event, or of what stands around it: a JSON pointer or dotted path, and JSON or a text' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -l recipient -d 'The address it is about' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -l url -d 'The link that was clicked' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -l campaign -d 'The campaign' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -l message-id -d 'The message\'s id, as that provider\'s users correlate on it' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -l at -d 'When it happened: RFC 3339, or a span back from now such as `2h`' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -l tag -d 'A tag of the message; may be given more than once' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -l metadata -d 'A member of the sender\'s own; may be given more than once' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -l bounce -d 'The sort of bounce: hard, soft, mailbox-full, blocked' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -l batch -d 'So many events a request, of the kinds in turn, as a provider that batches does; `-n` counts requests' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -l probe -d 'What the provider asks of a URL in place of an event: a ping, a HEAD, a subscription to confirm; without a name, all that it asks' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -s d -l data -d 'Your own body in place of an example: a text, `@FILE`, or `-`' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -s n -l count -d 'How many deliveries of each kind' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -s c -l concurrency -d 'How many requests at once' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -l retries -d 'How often a delivery is tried again' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -l seed -d 'The same ids every time; with `--at` the same bytes' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -l signed-at -d 'The signed timestamp: RFC 3339, or a span back from now [default: now; with `--seed` and `--at`, that of `--at`]' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -l tamper -d 'A near miss on purpose: looks right, and a handler must refuse it' -r -f -a "wrong-secret\t'signed with another secret'
body\t'a letter of the body changed after signing'
stale\t'signed too long ago'
future\t'signed at a time to come'
missing\t'without its signature'
newline\t'the line end behind the body added or lost after signing'
empty\t'with a signature of nothing'
doubled\t'with a forged signature in a second header behind the right one'
doubled-last\t'with a forged signature in a header before the right one'
no-timestamp\t'without the time of signing'
no-id\t'without the id that is signed'
reserialised\t'signed as another text of the same JSON'
topic\t'from the topic of another account of AWS'
certificate\t'with a certificate from a host that only looks like AWS'"
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -l save -d 'Keep what is sent as a fixture: a `.json` file, a folder, or a line in a `.ndjson` recording' -r -F
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -l json -d 'One JSON object a line in place of text'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -l insecure -d 'Take any certificate'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -s q -l quiet -d 'No line for what succeeded; with `--dry-run`, no requests either'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -l dry-run -d 'Print the requests in place of sending them'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -l machine -d 'A machine\'s open or click, as the provider marks it: a privacy proxy, a link scanner'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand send" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` says otherwise'
always\t'Always'
never\t'Never'"
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -l to -d 'Where to send: a URL, or `3000`, `:3000/path`, `localhost:3000/path`' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -s H -l header -d 'One more header, or another value for one; may be given more than once' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -l timeout -d 'How long a whole attempt may take' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -l connect-timeout -d 'How long connecting may take' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -l rate -d 'Send at this rate at most: `100/s`, `5/m`; it delays, never drops, and makes up for no stall' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -l backoff -d 'The wait before the second attempt; it doubles from there, and chance adds up to half' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -l retry-on -d 'The statuses that are tried again; so is what gets no answer. All others are final, and 410 ends the run' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -l max-retry-after -d 'The longest wait that the target may ask for with `Retry-After`; if it asks for more, the run ends and says so' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -l expect-status -d 'The statuses that count as success: `2xx`, `200,409` [default: 2xx; with `--tamper`, 4xx]' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -l expect-within -d 'How long an answer may take to count as success' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -l as -d 'How to print them' -r -f -a "http\t'As it goes over the wire'
curl\t'As a command line for curl'
json\t'As a fixture on one line'
har\t'As one HAR 1.2 document of requests, which `replay` and other tools read'
vegeta\t'As a target of the load engine vegeta on one line'"
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -l secret -d 'A secret: `env:NAME`, `file:PATH`, `-` to be asked, or the value itself; `PROVIDER=…` limits it to one' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -l public-url -d 'The URL that the provider was told to call, for schemes that sign the URL (Mandrill, Twilio, HubSpot, RFC 9421)' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -l path -d 'The path to ask for, in place of the recorded one' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -s c -l concurrency -d 'How many requests at once; the recorded order is kept with 1' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -l speed -d 'The recorded gaps between deliveries, scaled: `original`, `2x`, or `max` for none' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -l retries -d 'How often a delivery is tried again' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -l resume -d 'Note in this file what is done, and go on where the last run with it was' -r -F
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -l failed-to -d 'Keep what was refused in the end: a recording that can be replayed, `.ndjson` or a folder' -r -F
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -l answers-to -d 'Keep each delivery with the answer it got: a recording that `--compare` holds a later run against' -r -F
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -s e -l events -d 'Only deliveries with these kinds of event' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -l provider -d 'Only deliveries of this provider' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -l recipient -d 'Only deliveries about this address' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -l since -d 'Only what was recorded at this time or later: RFC 3339, or a span back from now such as `2h`' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -l until -d 'Only what was recorded before this time' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -l skip -d 'Pass over the first N' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -l limit -d 'Send at most N' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -l repeat -d 'Send all of it N times' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -l duplicate -d 'Send this share twice: `0.1`, `10%`' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -l drop -d 'Do not send this share' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -l seed -d 'The same disorder every time' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -l report -d 'How to report: `text`, `json` as `--json`, `junit` or `tap` for continuous integration' -r -f -a "text\t'A line for each attempt, and a summary'
json\t'One JSON object a line'
junit\t'JUnit\'s XML'
tap\t'The Test Anything Protocol'"
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -l report-to -d 'Write the report into this file, and tell the run on the terminal as ever' -r -F
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -l json -d 'One JSON object a line in place of text'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -l insecure -d 'Take any certificate'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -s q -l quiet -d 'No line for what succeeded; with `--dry-run`, no requests either'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -l dry-run -d 'Print the requests in place of sending them'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -l resign -d 'Make a new timestamp and signature for each attempt, by the provider\'s rule'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -l fresh-ids -d 'Give each delivery an id of its own, so that a handler takes it for a new one; the id is signed too'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -l ordered -d 'Never two requests at once about the same message, and those in the recorded order; others may overtake'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -l yes -d 'Send to a host that is neither this machine nor in a private network, without asking'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -l skip-broken -d 'Name a broken fixture and go on'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -l shuffle -d 'In another order; beyond 10,000 deliveries, shuffled within a window of that many'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -l compare -d 'Hold each answer against the recorded one: its status, and its body where that was recorded; ids and times may differ'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -l watch -d 'Stay, and send each fixture again when it is saved'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand replay" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand verify" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` says otherwise'
always\t'Always'
never\t'Never'"
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand verify" -l secret -d 'A secret: `env:NAME`, `file:PATH`, `-` to be asked, or the value itself; `PROVIDER=…` limits it to one' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand verify" -l public-url -d 'The URL that the provider was told to call, for schemes that sign the URL (Mandrill, Twilio, HubSpot, RFC 9421)' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand verify" -l provider -d 'Judge as this provider\'s, in place of recognising it' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand verify" -l now -d 'Judge as of this moment [default: when it was recorded, else now]' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand verify" -l tolerance -d 'The age allowed to a signed timestamp [default: 5m, for SES 1h]' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand verify" -l topic-arn -d 'The topic that SNS messages must come from; may be given more than once' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand verify" -s H -l header -d 'The source is a body, and this is one of its headers; may be given more than once' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand verify" -l url -d 'The URL where it is part of what is signed; the same as `--public-url`' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand verify" -l id -d 'Only the recorded delivery of this id' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand verify" -l json -d 'One JSON object a line in place of text'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand verify" -l fetch-certs -d 'Fetch the certificate that an SNS message names, from SNS itself and nowhere else, and verify with it'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand check" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` says otherwise'
always\t'Always'
never\t'Never'"
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand check" -l provider -d 'Whose deliveries to send' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand check" -l only -d 'Only these checks or groups' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand check" -l skip -d 'Not these checks or groups' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand check" -l probe -d 'Where to read a number that grows with what the handler keeps: a URL that answers it' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand check" -l probe-cmd -d 'The same: a command that prints it' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand check" -l within -d 'How soon the handler must acknowledge [default: as long as the provider waits, else 10s]' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand check" -l seed -d 'The same ids every time [default: new ones, so that a handler that knows the old ones is not fooled]' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand check" -l secret -d 'A secret: `env:NAME`, `file:PATH`, `-` to be asked, or the value itself; `PROVIDER=…` limits it to one' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand check" -l public-url -d 'The URL that the provider was told to call, for schemes that sign the URL (Mandrill, Twilio, HubSpot, RFC 9421)' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand check" -l topic-arn -d 'The topic that the handler takes SNS messages from' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand check" -s H -l header -d 'One more header, or another value for one; may be given more than once' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand check" -l timeout -d 'How long an answer may take' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand check" -l connect-timeout -d 'How long connecting may take' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand check" -l explain -d 'Explain a check, and send nothing' -r
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand check" -l report -d 'How to report' -r -f -a "text\t'For people'
json\t'One JSON object a line, as `--json`'
junit\t'JUnit\'s XML'
tap\t'The Test Anything Protocol'"
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand check" -l json -d 'One JSON object a line in place of text'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand check" -l strict -d 'Take a warning for a failure'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand check" -l insecure -d 'Take any certificate'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand check" -l list -d 'List the checks, and send nothing'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand events" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` says otherwise'
always\t'Always'
never\t'Never'"
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand events" -l json -d 'One JSON object a line in place of text'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand events" -l provenance -d 'Say below the payload where each field is known from; a terminal gets that without asking'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand events" -l unconfirmed -d 'List what is assumed or not confirmed'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand events" -l schema -d 'Print the JSON Schema of a fixture'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand events" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand keys" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` says otherwise'
always\t'Always'
never\t'Never'"
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand keys" -l out -d 'With `--new`, write them into this folder, in files that nobody else can read, in place of printing them' -r -F
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand keys" -l json -d 'One JSON object a line in place of text'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand keys" -l new -d 'Mint a fresh secret, in the form to sign with and in the one for the handler'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand keys" -l ed25519 -d 'With `--new`, an Ed25519 key pair in place of a shared key, where the scheme has one'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand keys" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand completions" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` says otherwise'
always\t'Always'
never\t'Never'"
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand completions" -l json -d 'One JSON object a line in place of text'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand man" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` says otherwise'
always\t'Always'
never\t'Never'"
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand man" -l dir -d 'Write `webhook-cli*.1` into this folder in place of printing' -r -F
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand man" -l json -d 'One JSON object a line in place of text'
complete -c webhook-cli -n "__fish_webhook_cli_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
