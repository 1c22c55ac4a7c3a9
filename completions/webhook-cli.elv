set edit:completion:arg-completer[webhook-cli] = { |@words|
    var index = (count $words)
    set index = (- $index 1)

    put (env _CLAP_IFS="\n" _CLAP_COMPLETE_INDEX=(to-string $index) _WEBHOOK_CLI_COMPLETE="elvish" webhook-cli -- $@words) | to-lines
}

