using System.Net.Sockets;
using System.Text;
using ModelRunner.Daemon.Hosting;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>What the real daemon tells systemd. The test is the manager.</summary>
public sealed class ServiceNotifierTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Socket _manager = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    private readonly List<string> _told = [];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _manager.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_start_a_reload_a_load_and_the_end_are_told(bool isAbstract)
    {
        string address = isAbstract ? $"@model-runner-test-{Guid.NewGuid():N}" : _folder.PathOf("notify");
        _manager.Bind(new UnixDomainSocketEndPoint(isAbstract ? $"\0{address[1..]}" : address));
        await using (DaemonFixture daemon = await StartAsync(address))
        {
            Assert.StartsWith("READY=1\nSTATUS=No model is loaded; requests: 0 running, 0 waiting", await ReceiveAsync("READY=1"), StringComparison.Ordinal);
            await ReceiveAsync("WATCHDOG=1");

            await DaemonFixture.SignalAsync(daemon.ProcessId, "HUP");
            Assert.Matches("^RELOADING=1\nMONOTONIC_USEC=[0-9]+$", await ReceiveAsync("RELOADING=1"));
            Assert.Equal("READY=1", await ReceiveAsync("READY=1"));

            await daemon.PostAsync("v1/chat/completions", """{"model":"tiny-chat","messages":[]}""");
            await ReceiveAsync("STATUS=Loaded: tiny-chat:latest; requests: 0 running, 0 waiting");
        }

        Assert.Matches("^STOPPING=1\nEXTEND_TIMEOUT_USEC=[0-9]+\nSTATUS=", await ReceiveAsync("STOPPING=1"));
    }

    [Fact]
    public async Task A_daemon_whose_loop_hangs_does_not_feed_the_watchdog()
    {
        string address = _folder.PathOf("notify");
        _manager.Bind(new UnixDomainSocketEndPoint(address));
        await using ServiceNotifier notifier = ServiceNotifier.Find(
            name => name switch { "NOTIFY_SOCKET" => address, "WATCHDOG_USEC" => "200000", _ => null }, 1, TimeProvider.System)!;
        var hangs = new TaskCompletionSource();
        notifier.BeReady(static () => [], cancellation => hangs.Task.WaitAsync(cancellation));
        await ReceiveAsync("READY=1\nSTATUS=No model is loaded");

        // Neither the watchdog nor the same status once more.
        Assert.False(_manager.Poll(TimeSpan.FromMilliseconds(700), SelectMode.SelectRead));
        hangs.SetResult();
        await ReceiveAsync("WATCHDOG=1");
    }

    [Theory]
    [InlineData("1000000", null, 1000)]
    [InlineData("1000000", "7", 1000)]
    [InlineData("1000000", "8", null)]
    [InlineData("0", null, null)]
    [InlineData("-1", null, null)]
    [InlineData("99999999999999999999", null, null)]
    [InlineData(null, "7", null)]
    public void The_watchdog_is_of_the_process_that_it_names(string? microseconds, string? process, int? milliseconds) =>
        Assert.Equal(milliseconds, (int?)ServiceNotifier.ReadWatchdog(microseconds, process, processId: 7)?.TotalMilliseconds);

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("relative")]
    [InlineData("vsock:2:1")]
    public void Another_address_is_left_alone(string? address) =>
        Assert.Null(ServiceNotifier.Find(name => name == "NOTIFY_SOCKET" ? address : null, 1, TimeProvider.System));

    [Fact]
    public async Task A_manager_that_is_gone_does_not_hinder_the_daemon()
    {
        await using DaemonFixture daemon = await StartAsync(_folder.PathOf("nobody"));

        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", """{"model":"tiny-chat","messages":[]}""")).Status);
    }

    private static Task<DaemonFixture> StartAsync(string address) => DaemonFixture.StartAsync(new DaemonSetup
    {
        Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["NOTIFY_SOCKET"] = address, ["WATCHDOG_USEC"] = "400000" },
    });

    /// <summary>The next message that begins with this text.</summary>
    private async Task<string> ReceiveAsync(string begin)
    {
        byte[] buffer = new byte[4096];
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        patience.CancelAfter(DaemonFixture.Patience);
        while (true)
        {
            int length = await _manager.ReceiveAsync(buffer.AsMemory(), patience.Token);
            _told.Add(Encoding.UTF8.GetString(buffer, 0, length));
            if (_told[^1].StartsWith(begin, StringComparison.Ordinal))
                return _told[^1];
        }
    }
}
