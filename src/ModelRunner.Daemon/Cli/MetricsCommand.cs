using System.CommandLine;

namespace ModelRunner.Daemon.Cli;

/// <summary><c>model-runner metrics</c>: prints the page that Prometheus gets.</summary>
internal sealed class MetricsCommand(CliContext context)
    : ClientCommand("metrics", "Print the metrics page of all runners", context, hasJson: false)
{
    protected override async Task<int> RunAsync(ParseResult result, DaemonClient client, CancellationToken cancellation)
    {
        using HttpResponseMessage page = await client.SendAsync(HttpMethod.Get, "metrics", null, cancellation);
        await using Stream body = await page.Content.ReadAsStreamAsync(cancellation);
        await body.CopyToAsync(Console.Out, cancellation);
        await Console.Out.FlushAsync(cancellation);
        return ExitCode.Success;
    }
}
