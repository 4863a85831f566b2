using System.CommandLine;
using ModelRunner.Client;

namespace ModelRunner.Cli;

/// <summary><c>model-runner metrics</c>: prints the page that Prometheus gets.</summary>
internal sealed class MetricsCommand(CliContext context) : ClientCommand("metrics", "Print the metrics page of all runners", context)
{
    private const long MaxPageBytes = 512L << 20;

    /// <summary>The page waits for the runners, up to <c>metrics.timeout</c>.</summary>
    private static readonly TimeSpan ResponseTimeout = TimeSpan.FromSeconds(15);

    protected override async Task<int> RunAsync(ParseResult result, DaemonClient client, Interrupt interrupt)
    {
        using HttpResponseMessage page = await client.GetAsync("metrics", ResponseTimeout, interrupt.Ended);
        client.RequireType(page, "text/plain");
        if (IsJson(result))
        {
            await page.Content.LoadIntoBufferAsync(MaxPageBytes, interrupt.Ended);
            Console.WriteLine(MetricsJson.Convert(await page.Content.ReadAsByteArrayAsync(interrupt.Ended)));
            return ExitCode.Success;
        }

        await using Stream body = await page.Content.ReadAsStreamAsync(interrupt.Ended);
        await body.CopyToAsync(Console.Out, interrupt.Ended);
        await Console.Out.FlushAsync(interrupt.Ended);
        return ExitCode.Success;
    }
}
