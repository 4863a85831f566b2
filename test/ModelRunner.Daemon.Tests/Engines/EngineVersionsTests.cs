using ModelRunner.Daemon.Engines.Llama;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Engines;

public sealed class EngineVersionsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly EngineVersions _versions = new(TestContext.Current.CancellationToken);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("version: 9000 (abcdef0)\nbuilt with cc for Linux\n", "b9000-abcdef0")]
    [InlineData("ggml_cuda_init: found 1 CUDA devices:\nversion: 0.7.0 (build 11669, commit Debian)\n", "b11669-Debian")]
    [InlineData("version: unknown\r\n", "unknown")]
    [InlineData("usage: llama-server\n", null)]
    public void The_version_has_the_form_of_build_info(string text, string? expected) => Assert.Equal(expected, EngineVersions.Parse(text));

    [Fact]
    public async Task A_program_is_asked_again_only_after_it_was_replaced()
    {
        string program = Write(9000);
        Assert.Equal("b9000-a", await FindAsync(program));
        Assert.Equal("b9000-a", await FindAsync(program));
        Assert.Equal("x\n", await File.ReadAllTextAsync(_folder.PathOf("asked"), TestContext.Current.CancellationToken));

        File.Move(Write(9001, "other"), program, overwrite: true);

        Assert.Equal("b9001-a", await FindAsync(program));
    }

    [Fact]
    public async Task A_program_that_told_nothing_is_asked_again()
    {
        string program = _folder.WriteExecutable("llama-server");
        File.WriteAllText(program, $"#!/bin/sh\n[ -e {_folder.PathOf("ready")} ] && echo 'version: 9000 (a)' >&2\n");
        Assert.Null(await FindAsync(program));

        _folder.Write("ready", "");

        Assert.Equal("b9000-a", await FindAsync(program));
    }

    [Fact]
    public async Task A_program_that_tells_nothing_has_no_version() => Assert.Null(await FindAsync(_folder.PathOf("gone")));

    private Task<string?> FindAsync(string program) => _versions.FindAsync(program, TimeProvider.System);

    private string Write(int number, string name = "llama-server")
    {
        string path = _folder.WriteExecutable(name);
        File.WriteAllText(path, $"#!/bin/sh\necho x >> {_folder.PathOf("asked")}\n[ \"$1\" = --version ] && echo 'version: {number} (a)' >&2\n");
        return path;
    }
}
