namespace ModelRunner.Daemon.Tests.Configuration;

/// <summary>A pipe at the path of a configuration file: opening it waits until a process writes to it.</summary>
public sealed class ConfigurationPipeTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly ConfigurationFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task A_pipe_that_was_named_is_refused()
    {
        string path = _fixture.Folder.MakePipe("pipe.json");
        _fixture.Flags["--config"] = path;

        string problem = await Task.Run(_fixture.Problem).WaitAsync(Patience);

        Assert.Equal($"--config: \"{path}\" is not a regular file; name a readable JSON file.", problem);
    }

    [Fact]
    public async Task A_pipe_with_the_default_name_is_refused()
    {
        _fixture.Folder.MakePipe("model-runner.json");

        string problem = await Task.Run(_fixture.Problem).WaitAsync(Patience);

        Assert.Equal("model-runner.json: is not a regular file; name a readable JSON file.", problem);
    }

    [Fact]
    public async Task A_pipe_as_a_key_file_is_refused()
    {
        _fixture.Folder.MakePipe("key");
        _fixture.File =
            """{ "runners": [ { "backend": "x", "model": "m", "mode": "completion", "endpoint": "http://127.0.0.1:1", "apiKeyFile": "key" } ] }""";

        string problem = await Task.Run(_fixture.Problem).WaitAsync(Patience);

        Assert.Contains("runners[0].apiKeyFile: \"key\" is not a regular file;", problem, StringComparison.Ordinal);
    }
}
