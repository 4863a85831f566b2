using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using ModelRunner.Testing;

namespace ModelRunner.LlamaHost.Tests.Processes;

public sealed class LifeTests
{
    private const string Endless = """{"prompt":"Once","stream":true,"ignore_eos":true}""";

    [Fact]
    public async Task A_signal_ends_it_at_once_and_the_socket_is_gone()
    {
        await using HostProcess host = await HostProcess.StartAsync("-m", HostProcess.ChatModel, "-t", "1");

        host.Terminate();

        Assert.Equal(0, await host.WaitForExitAsync());
        Assert.False(File.Exists(host.SocketPath));
    }

    [Fact]
    public async Task A_signal_ends_it_with_a_request_in_work()
    {
        await using HostProcess host = await HostProcess.StartAsync(
            "-m", HostProcess.ChatModel, "--metrics", "-np", "1", "-c", "1000000", "-t", "1");
        using HttpResponseMessage endless = await host.PostAsync("/v1/completions", Endless);
        await host.WaitForMetricAsync("requests_processing", 1);

        host.Terminate();

        Assert.Equal(0, await host.WaitForExitAsync());
        Assert.False(File.Exists(host.SocketPath));
    }

    [Fact]
    public async Task The_socket_is_its_users_only()
    {
        await using HostProcess host = await HostProcess.StartAsync("-m", HostProcess.ChatModel, "-t", "1");

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(host.SocketPath));
    }

    [Fact]
    public async Task A_socket_that_somebody_answers_on_is_left_alone()
    {
        await using HostProcess first = await HostProcess.StartAsync("-m", HostProcess.ChatModel, "-t", "1");
        await using HostProcess second = HostProcess.Launch("-m", HostProcess.ChatModel, "--host", first.SocketPath);

        Assert.Equal(1, await second.WaitForExitAsync());
        Assert.Contains("couldn't bind HTTP server socket", second.Log);
        using HttpResponseMessage health = await first.Client.GetAsync(new Uri("/health", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
    }

    [Fact]
    public async Task A_socket_that_a_killed_program_left_is_replaced()
    {
        string folder = Directory.CreateTempSubdirectory("lh-").FullName;
        try
        {
            string path = Path.Join(folder, "h.sock");
            await using HostProcess killed = await HostProcess.StartAsync("-m", HostProcess.ChatModel, "-t", "1", "--host", path);
            Signals.Send(killed.Id, Signals.Kill);
            await killed.WaitForExitAsync();
            Assert.True(File.Exists(path));

            await using HostProcess next = await HostProcess.StartAsync("-m", HostProcess.ChatModel, "-t", "1", "--host", path);

            Assert.NotEqual(killed.Id, next.Id);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_file_that_is_no_socket_is_left_alone()
    {
        using var folder = new TemporaryFolder();
        folder.Write("h.sock", "a text");
        await using HostProcess host = HostProcess.Launch("-m", HostProcess.ChatModel, "--host", folder.PathOf("h.sock"));

        Assert.Equal(1, await host.WaitForExitAsync());
        Assert.Contains("couldn't bind HTTP server socket", host.Log);
        Assert.Equal("a text", await File.ReadAllTextAsync(folder.PathOf("h.sock"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Until_the_model_is_loaded_everything_is_answered_with_503()
    {
        // A named pipe in place of the model: it is opened, and then nothing comes.
        using var folder = new TemporaryFolder();
        string pipe = folder.MakePipe("model.gguf");
        await using HostProcess host = HostProcess.Launch("-m", pipe, "--metrics");
        await DaemonFixture.WaitUntilAsync(() => AcceptsAsync(host.SocketPath), DaemonFixture.Patience);

        foreach (string path in (string[])["/health", "/metrics", "/v1/models", "/nothing"])
        {
            using HttpResponseMessage response = await host.Client.GetAsync(new Uri(path, UriKind.Relative));
            Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
            JsonElement error = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("error");
            Assert.Equal("Loading model", error.GetProperty("message").GetString());
        }

        host.Terminate();
        Assert.Equal(0, await host.WaitForExitAsync());
    }

    // The file of a socket exists before the process listens on it.
    private static async Task<bool> AcceptsAsync(string socketPath)
    {
        try
        {
            using Socket socket = await RawHttp.ConnectAsync(socketPath);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
