using System.CommandLine;
using ModelRunner.Client;

namespace ModelRunner.Cli;

/// <summary><c>model-runner logs</c>: prints what the engines write.</summary>
internal sealed class LogsCommand : ClientCommand
{
    private static readonly TimeSpan ResponseTimeout = TimeSpan.FromSeconds(10);

    private readonly Argument<string?> _model = new("MODEL") { Description = "Only the output of this model's runner", Arity = ArgumentArity.ZeroOrOne };

    private readonly Option<bool> _follow = new("--follow", "-f") { Description = "Go on until Ctrl-C, also with runners that start later" };

    public LogsCommand(CliContext context)
        : base("logs", "Print the output of the engines since the last start of each model", context)
    {
        Add(_model);
        Add(_follow);
    }

    protected override async Task<int> RunAsync(ParseResult result, DaemonClient client, Interrupt interrupt)
    {
        string? model = result.GetValue(_model);
        if (model is not null && string.IsNullOrWhiteSpace(model))
            throw new CliFailure(UsageCheck.EmptyModel(this), ExitCode.Usage);

        string path = $"logs?follow={(result.GetValue(_follow) ? "true" : "false")}&format={(IsJson(result) ? "json" : "text")}"
            + (model is null ? "" : $"&model={Uri.EscapeDataString(model)}");
        using HttpResponseMessage response = await client.GetAsync(path, ResponseTimeout, interrupt.Ended);
        client.RequireType(response, IsJson(result) ? "application/x-ndjson" : "text/plain");
        await using Stream body = await response.Content.ReadAsStreamAsync(interrupt.Ended);
        byte[] buffer = new byte[16 * 1024];
        while (await body.ReadAsync(buffer, interrupt.Ended) is > 0 and var count)
        {
            await Console.Out.WriteAsync(buffer.AsMemory(0, count), interrupt.Ended);
            await Console.Out.FlushAsync(interrupt.Ended);
        }

        // Only the daemon ends a response that follows.
        return result.GetValue(_follow) ? throw new CliFailure("the daemon has ended the output", ExitCode.Failure) : ExitCode.Success;
    }
}
