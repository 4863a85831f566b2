using System.IO.Pipelines;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Inference.Exchange;
using ModelRunner.Daemon.Ledger;
using ModelRunner.Daemon.Runners;

namespace ModelRunner.Daemon.Tests.Inference.Exchange;

/// <summary>A client that does not read its response. Then the daemon does not read from the runner, which is not the runner's fault.</summary>
public sealed class SlowClientTests
{
    private readonly FakeTimeProvider _time = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Only_the_time_of_reads_from_the_runner_counts(bool isEvents)
    {
        var progress = new RunnerProgress(_time);
        RequestTurn request = progress.Begin();
        var pipe = new Pipe();
        using var ledger = new RequestLedger(new RequestAccounts(_time), new LedgerSettings(), _time, NullLogger<RequestLedger>.Instance);
        await using var response = new ResponseStream(
            pipe.Reader.AsStream(), "v1/completions", isEvents, length: null, new ResponseEnd(ledger, ledger.Begin()), filter: null, rewriter: null,
            CancellationToken.None, request);
        var buffer = new byte[100];
        Pass(3);
        Assert.Equal(TimeSpan.FromSeconds(3), progress.Standstill);

        await pipe.Writer.WriteAsync("data: 1\n\n"u8.ToArray(), Cancellation);
        Assert.Equal(9, await response.ReadAsync(buffer, Cancellation));
        Pass(1000);
        Assert.Null(progress.Standstill);

        ValueTask<int> reading = response.ReadAsync(buffer, Cancellation);
        Pass(7);
        Assert.Equal(TimeSpan.FromSeconds(7), progress.Standstill);
        await pipe.Writer.WriteAsync("data: 2\n\n"u8.ToArray(), Cancellation);
        Assert.Equal(9, await reading);
        request.End();
        Assert.Equal(0, progress.Requests);
    }

    private void Pass(int seconds) => _time.Advance(TimeSpan.FromSeconds(seconds));
}
