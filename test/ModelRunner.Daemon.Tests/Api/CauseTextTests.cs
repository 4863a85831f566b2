using ModelRunner.Daemon.Api;

namespace ModelRunner.Daemon.Tests.Api;

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
    public void Folders_are_left_out_of_what_clients_read(string line, string shown) => Assert.Equal(shown, CauseText.WithoutFolders(line));
}
