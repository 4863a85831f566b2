using ModelRunner.Configuration;
using ModelRunner.Daemon.Responses;

namespace ModelRunner.Daemon.Tests.Responses;

public sealed class CauseTextTests
{
    [Theory]
    [InlineData("failed to open GGUF file '/home/ada/my models/x.gguf' (No such file)", "failed to open GGUF file 'x.gguf' (No such file)")]
    [InlineData("cannot run /opt/llama/bin/llama-server: permission denied", "cannot run llama-server: permission denied")]
    [InlineData("open(/a/b/c.gguf)", "open(c.gguf)")]
    [InlineData("socket=/run/user/1000/model-runner-1/r.sock", "socket=r.sock")]
    [InlineData("'/home/ada/cut off", "'cut off")]
    [InlineData("see GET /health", "see GET /health")]
    [InlineData("3/4 of lab/otter:7b and 5 t/s", "3/4 of lab/otter:7b and 5 t/s")]
    [InlineData("/", "/")]
    [InlineData("nothing", "nothing")]
    [InlineData("error loading /srv/private/My Models/x.gguf for lab/otter", "error loading x.gguf for lab/otter")]
    [InlineData("open /home/ada/My Best Models/a/x y.gguf failed", "open x y.gguf failed")]
    [InlineData("/home/ada/x and /home/ada/My Models/y", "x and y")]
    [InlineData("/home/ada/x and more", "x and more")]
    [InlineData("/home/adam/x and/or y", "x and/or y")]
    public void Messages_to_clients_show_no_folders(string line, string shown) =>
        Assert.Equal(shown, new CauseText(["/home/ada", "/srv/private/My Models", "/"]).WithoutFolders(line));

    [Fact]
    public void Configured_folders_are_replaced_in_messages()
    {
        var settings = new DaemonSettings
        {
            Listen = new ListenSettings("/one a/x.sock", null), HomePath = "/two a", ModelsPath = "/three a/m", LogDirectory = "/four a",
            Models = new Dictionary<string, ModelSettings>(StringComparer.Ordinal) { ["m:latest"] = new() { Path = "/five a/x.gguf" } },
            Runners = new RunnerSettings { LlamaServerPath = "/six a/bin/llama-server" },
        };
        CauseText causes = CauseText.Of(settings);

        Assert.All(
            ["/one a/x", "/two a/b/x", "/three a/m/x", "/four a/x", "/five a/x", "/six a/bin/x"],
            path => Assert.Equal("failed: x (why)", causes.WithoutFolders($"failed: {path} (why)")));
    }
}
