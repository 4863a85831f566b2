using System.Net;
using System.Text.Json;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Api;

/// <summary><c>GET /engines/df</c> of a real daemon.</summary>
public sealed class DiskTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task All_files_of_the_daemon_are_counted()
    {
        const int Size = 3 << 20;
        using var folder = new TemporaryFolder();
        string engines = Directory.CreateDirectory(Path.Join(folder.Path, "engine")).FullName;
        string engine = Path.Join(engines, "llama-server");
        await File.WriteAllTextAsync(engine, "#!/bin/sh\nexit 1\n", Cancellation);
        File.SetUnixFileMode(engine, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        foreach (string library in (string[])["libllama.so.0", "libggml-cpu.so", "libother.so"])
            await File.WriteAllBytesAsync(Path.Join(engines, library), new byte[Size], Cancellation);
        long embedded = Directory.EnumerateFiles(Path.Join(AppContext.BaseDirectory, "llama-host", "native"), "*", SearchOption.AllDirectories)
            .Sum(static path => new FileInfo(path).Length);
        string elsewhere = Path.Join(folder.Path, "elsewhere.gguf");
        await File.WriteAllBytesAsync(elsewhere, new byte[Size], Cancellation);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Configuration = $$"""{ "models": { "far": { "path": "{{elsewhere}}" } }, "logDirectory": "{{folder.Path}}/logs", "statePath": "{{folder.Path}}/state" }""",
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["LLAMA_SERVER_PATH"] = engine },
        });

        JsonElement usage = await daemon.GetAsync("engines/df");

        Assert.InRange(Of(usage, "models_disk_usage"), Size + 4096, Size + (64 << 20));
        Assert.InRange(Of(usage, "default_backend_disk_usage"), (2 * Size) + embedded, (2 * Size) + embedded + (1 << 20));
        Assert.InRange(Of(usage, "state_disk_usage"), 4096, 4 << 20);
        Assert.InRange(Of(usage, "logs_disk_usage"), 1, 1 << 20);
        Assert.False(usage.TryGetProperty("incomplete", out _));
        File.Delete(elsewhere);
        Assert.Equal(Of(usage, "models_disk_usage") - Size, Of(await daemon.GetAsync("engines/df"), "models_disk_usage"));
    }

    [Fact]
    public async Task The_route_needs_the_scope_admin()
    {
        await using DaemonFixture daemon = await Hosting.KeyedDaemon.StartAsync(
            Hosting.KeyedDaemon.Key("ada"), Hosting.KeyedDaemon.Key("root", """, "scopes": ["admin"]"""));

        Assert.Equal(HttpStatusCode.Forbidden, (await Hosting.KeyedDaemon.SendAsync(daemon, "engines/df", "key-of-ada")).Status);
        Assert.Equal(HttpStatusCode.OK, (await Hosting.KeyedDaemon.SendAsync(daemon, "engines/df", "key-of-root")).Status);
    }

    private static long Of(JsonElement usage, string name) => usage.GetProperty(name).GetInt64();
}
