using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;
using ModelRunner.Daemon.Export;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Export;

/// <summary>A receiver that is missing or faulty costs the telemetry and nothing else.</summary>
public sealed class ExportFailureTests
{
    private const string Failure = "cannot be sent";

    [Theory]
    [InlineData("500")]
    [InlineData("400")]
    [InlineData("503")]
    public async Task Requests_are_served_while_the_receiver_fails_and_spans_come_when_it_works_again(string status)
    {
        await using OtlpReceiver receiver = await OtlpReceiver.StartAsync(status);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(OtlpDaemon.Setup(receiver.Address));
        Assert.Equal(200, await OtlpDaemon.ChatAsync(daemon));
        await receiver.WaitUntilAsync(() => Count("/v1/traces") == 1 && Count("/v1/metrics") > 1);
        Assert.Equal(200, await OtlpDaemon.ChatAsync(daemon));
        await receiver.WaitUntilAsync(() => Count("/v1/traces") > 1);
        await daemon.WaitForLogAsync($"The traces {Failure} to {receiver.Address}/v1/traces (it responded with status {status});");
        await daemon.WaitForLogAsync($"The metrics {Failure} to {receiver.Address}/v1/metrics (it responded with status {status});");
        Assert.Equal(2, daemon.Log.Split('\n').Count(static line => line.Contains(Failure, StringComparison.Ordinal)));

        await receiver.AnswerAsync("200");
        Assert.Equal(200, await OtlpDaemon.ChatAsync(daemon));
        await receiver.WaitUntilAsync(() => receiver.Spans.Any(static span => span.HasAttribute("http.route")));

        int Count(string path) => receiver.Requests.Count(request => request.Text("path") == path);
    }

    [Fact]
    public async Task A_receiver_that_never_answers_delays_neither_requests_nor_the_end()
    {
        await using OtlpReceiver receiver = await OtlpReceiver.StartAsync("hang");
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(OtlpDaemon.Setup(receiver.Address, ("OTEL_EXPORTER_OTLP_TIMEOUT", "3600000")));
        Assert.Equal(200, await OtlpDaemon.ChatAsync(daemon));
        await receiver.WaitUntilAsync(() => receiver.Requests.Select(static request => request.Text("path")).Distinct().Count() == 2);
        Assert.Equal(200, await OtlpDaemon.ChatAsync(daemon));

        // The exporter would wait for an hour.
        await daemon.EndWellAsync();
    }

    [Theory]
    [InlineData("endless", "its response has more than 64 KiB")]
    [InlineData("slow", "it did not respond in time")]
    public async Task A_response_without_an_end_is_not_read_on(string answer, string cause)
    {
        await using OtlpReceiver receiver = await OtlpReceiver.StartAsync(answer);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(OtlpDaemon.Setup(receiver.Address, ("OTEL_EXPORTER_OTLP_TIMEOUT", "1000")));
        Assert.Equal(200, await OtlpDaemon.ChatAsync(daemon));
        await daemon.WaitForLogAsync($"The traces {Failure} to {receiver.Address}/v1/traces ({cause});");

        await receiver.AnswerAsync("200");
        Assert.Equal(200, await OtlpDaemon.ChatAsync(daemon));
        await receiver.WaitUntilAsync(() => receiver.Spans.Any(static span => span.HasAttribute("http.route")));
    }

    [Fact]
    public async Task A_missing_receiver_is_reported_once()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        string address = $"http://{listener.LocalEndpoint}";
        listener.Stop();
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(OtlpDaemon.Setup(address));
        Assert.Equal(200, await OtlpDaemon.ChatAsync(daemon));
        await daemon.WaitForLogAsync($"The traces {Failure} to {address}/v1/traces (Connection refused");
        await daemon.WaitForLogAsync($"The metrics {Failure} to {address}/v1/metrics (Connection refused");
        Assert.Equal(200, await OtlpDaemon.ChatAsync(daemon));
    }

    [Fact]
    public async Task A_wrong_variable_is_reported_and_the_daemon_starts()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(OtlpDaemon.Setup("localhost"));
        await daemon.WaitForLogAsync("OTEL_EXPORTER_OTLP_ENDPOINT is not an address that begins with http:// or https://: traces are not sent.");
        Assert.Equal(200, await OtlpDaemon.ChatAsync(daemon));
    }

    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_HEADERS", "secret", "traces")]
    public async Task A_value_that_the_library_refuses_is_reported_and_the_daemon_starts(string variable, string value, string what)
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(OtlpDaemon.Setup("http://127.0.0.1:1", (variable, value)));
        await daemon.WaitForLogAsync($"The {what} are not sent, because a variable of OpenTelemetry has a wrong value: ");
        Assert.Equal(200, await OtlpDaemon.ChatAsync(daemon));
        Assert.DoesNotContain("secret", daemon.Log, StringComparison.Ordinal);
    }

    [Fact]
    public void The_log_has_at_most_one_line_a_minute_and_no_password()
    {
        var time = new FakeTimeProvider();
        var lines = new ListLogger<OtlpExport>();
        var log = new ExportLog("traces", new Uri("http://user:secret@collector:4318/v1/traces?key=secret"), time, lines);
        log.Report(isSuccessful: true);
        Assert.Empty(lines.Lines);
        log.SetCause("it responded with status 500");
        for (int i = 0; i < 10; i++)
            log.Report(isSuccessful: false);
        log.Report(isSuccessful: true);
        log.Report(isSuccessful: false);
        Assert.Equal(["The traces cannot be sent to http://collector:4318/v1/traces (it responded with status 500); they are dropped until that works. Requests are not affected."], lines.Lines);

        time.Advance(TimeSpan.FromMinutes(1));
        log.Report(isSuccessful: true);
        Assert.Equal("The traces are sent to http://collector:4318/v1/traces again.", lines.Lines[^1]);
        log.Report(isSuccessful: false);
        Assert.Equal(2, lines.Lines.Count);
    }
}
