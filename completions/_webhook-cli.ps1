Register-ArgumentCompleter -Native -CommandName webhook-cli -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $prev = $env:_WEBHOOK_CLI_COMPLETE;
    $env:_WEBHOOK_CLI_COMPLETE = "powershell";

    $args = $commandAst.Extent.Text
    $args = $args.Substring(0, [math]::Min($cursorPosition, $args.Length));
    if ($wordToComplete -eq "") {
        $args += " ''";
    }

    $results = Invoke-Expression @"
& webhook-cli -- $args
"@;
    if ($null -eq $prev) {
        Remove-Item Env:\_WEBHOOK_CLI_COMPLETE;
    } else {
        $env:_WEBHOOK_CLI_COMPLETE = $prev;
    }
    $results | ForEach-Object {
        $split = $_.Split("`t");
        $cmd = $split[0];

        if ($split.Length -eq 2) {
            $help = $split[1];
        }
        else {
            $help = $split[0];
        }

        [System.Management.Automation.CompletionResult]::new($cmd, $cmd, 'ParameterValue', $help)
    }
};
        
