#!/usr/bin/env bash
# What the targets start from, made by the tool itself: a signed request of each provider, its line in a recording, its body.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build -q
tool=target/debug/webhook-cli
seed() { mkdir -p "fuzz/corpus/$1"; cat > "fuzz/corpus/$1/$2"; }
for target in fuzz/fuzz_targets/signature_*.rs; do
    target=$(basename "$target" .rs)
    name=${target#signature_}
    name=${name//_/-}
    if [ "$name" = any ]; then continue; fi
    if line=$($tool send click open bounce --provider "$name" --dry-run --as json 2>/dev/null); then
        sed 's/,"crc32c":"[0-9a-f]*"}$/}/; q' <<< "$line" | tr -d '\n' | seed line "$name"
    fi
    if request=$($tool send click open bounce --provider "$name" --to http://localhost:1/in --dry-run 2>/dev/null) \
        || request=$(echo '{"a":1}' | $tool send --data - --scheme "$name" --to http://localhost:1/in --dry-run 2>/dev/null); then
        printf '%s' "$request" | seed "$target" sent
        printf '%s' "$request" | seed message "$name"
        printf '\x01%s' "$request" | seed signature_any "$name"
    fi
done
for fixture in fixtures/*/*.json; do
    name=$(basename "$(dirname "$fixture")")-$(basename "$fixture")
    seed fixture "$name" < "$fixture"
    seed indenter "$name" < "$fixture"
done
printf 'hmac-sha256:header=X-Sig,encoding=hex,prefix=sha256=,signed={timestamp}.{body},timestamp=X-Time' | seed spelled all
for provider in sendgrid ses resend mailgun rfc9421; do $tool keys "$provider" | seed secret "$provider"; done
printf 'connection: close, X-Once\nx-once: 1\nx-kept: 2\nte: trailers\n' | seed header_filter fields
printf 'Sun, 06 Nov 2044 08:49:37 GMT' | seed retry_after date
printf 'https://user.example:8443/a?b\n/c?d' | seed target url
printf 'a=1&b[c]=2&b[d][]=%%C3%%BC' | seed form fields
printf 'x\n--x\r\nContent-Disposition: form-data; name="a"; filename*=UTF-8'\'\''%%C3%%BC\r\n\r\n1\r\n--x--\r\n' | seed multipart parts
for number in $(seq 0 40); do
    printf "\\x$(printf %02x "$number")From: a@b.c\r\nTo: d@e.f\r\nSubject: =?utf-8?B?w7w=?=\r\n\r\nx\r\n" \
        | seed inbound "mode-$number"
done
python3 - <<'END'
import base64, json, os
os.makedirs("fuzz/corpus/mail", exist_ok=True)
for message in json.load(open("tests/vectors/inbound/messages.json"))["messages"]:
    eml = base64.b64decode(message["eml_base64"])
    open(f"fuzz/corpus/mail/{message['name']}", "wb").write(eml)
    open(f"fuzz/corpus/inbound/{message['name']}", "wb").write(b"\0" + eml)
END
printf '../..\\CON .txt\xe2\x80\xaefdp.exe' | seed attachment_name attack
printf '\x1b[31m\xe2\x80\xae\xf3\xa0\x80\x81e\xcc\x81' | seed escaper attack
printf '1 1 0 930 1 accepted\n2 4 0 3720 4 refused\n6 6 0 5580 6 kept' | seed ledger lines
