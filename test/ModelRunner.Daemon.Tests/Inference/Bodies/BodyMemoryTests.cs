using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Inference.Bodies;

/// <summary>What the bodies of requests cost the daemon, as the kernel counts it.</summary>
public sealed class BodyMemoryTests
{
    private const int MiB = 1 << 20;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_memory_of_large_bodies_goes_back_when_they_were_answered()
    {
        await using DaemonFixture daemon = await StartAsync("1GiB");
        await AskAsync(daemon, 30 * MiB);
        long before = Read(daemon, "VmRSS");
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => AskAsync(daemon, 30 * MiB)));
        long after = Read(daemon, "VmRSS");

        Assert.True(after - before < 64 * MiB, $"{before / MiB} MiB before, {after / MiB} MiB after.");
    }

    [Fact]
    public async Task Many_large_bodies_at_once_take_no_more_than_the_budget_and_all_are_answered()
    {
        await using DaemonFixture daemon = await StartAsync("64MiB");
        await AskAsync(daemon, MiB);

        // proc_pid_clear_refs: 5 sets the peak to what is resident now, so that the start counts for nothing.
        await File.WriteAllTextAsync($"/proc/{daemon.ProcessId}/clear_refs", "5\n", Cancellation);
        long before = Read(daemon, "VmRSS");
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => AskAsync(daemon, 30 * MiB)));
        long peak = Read(daemon, "VmHWM");

        Assert.True(peak - before < 112 * MiB, $"{before / MiB} MiB before, at most {peak / MiB} MiB.");
    }

    [Fact]
    public async Task A_body_that_is_only_announced_costs_nothing()
    {
        await using DaemonFixture daemon = await StartAsync("1GiB");
        await AskAsync(daemon, MiB);
        long before = Read(daemon, "VmRSS");
        var sockets = new List<Socket>();
        try
        {
            for (int i = 0; i < 64; i++)
            {
                sockets.Add(await RawHttp.ConnectAsync(daemon.SocketPath));
                await RawHttp.SendAllAsync(sockets[^1], Encoding.ASCII.GetBytes(
                    "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 33554432\r\n\r\n{" + new string(' ', 200 * 1024)));
            }

            await AskAsync(daemon, 100);
            long held = Read(daemon, "VmRSS");

            Assert.True(held - before < 100 * MiB, $"{before / MiB} MiB before, {held / MiB} MiB with 64 bodies.");
        }
        finally
        {
            sockets.ForEach(static socket => socket.Dispose());
        }
    }

    [Fact]
    public async Task A_body_larger_than_the_whole_budget_is_refused_at_once()
    {
        await using DaemonFixture daemon = await StartAsync("8MiB");
        using var content = new StringContent(Question(10 * MiB));
        using HttpResponseMessage response = await daemon.Client.PostAsync(new Uri("v1/chat/completions", UriKind.Relative), content, Cancellation);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        Assert.Contains("7340032 bytes", await response.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }

    private static Task<DaemonFixture> StartAsync(string memory) => DaemonFixture.StartAsync(
        new DaemonSetup { Configuration = $$"""{ "limits": { "maxBodyMemory": "{{memory}}" } }""" });

    private static async Task AskAsync(DaemonFixture daemon, int size)
    {
        using var content = new StringContent(Question(size));
        using HttpResponseMessage response = await daemon.Client.PostAsync(new Uri("v1/chat/completions", UriKind.Relative), content, Cancellation);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    private static string Question(int size) =>
        $$"""{"model":"tiny-chat","max_tokens":1,"messages":[{"role":"user","content":"{{new string('x', size)}}"}]}""";

    // proc_pid_status: "VmRSS:     12345 kB"
    private static long Read(DaemonFixture daemon, string field)
    {
        string line = File.ReadLines($"/proc/{daemon.ProcessId}/status").First(line => line.StartsWith(field + ":", StringComparison.Ordinal));
        return long.Parse(line[(field.Length + 1)..^2].Trim(), CultureInfo.InvariantCulture) * 1024;
    }
}
