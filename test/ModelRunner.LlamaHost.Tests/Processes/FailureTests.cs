using System.Text;
using ModelRunner.Testing;

namespace ModelRunner.LlamaHost.Tests.Processes;

public sealed class FailureTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lh-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public Task A_file_that_is_not_there_is_named() => AssertFailsAsync(Path.Join(_folder, "none.gguf"), "failed to open GGUF file");

    [Fact]
    public Task An_empty_file_is_no_model() => AssertFailsAsync(Write([]), "gguf_init_from_reader: failed to read magic");

    [Fact]
    public Task A_text_is_no_model() => AssertFailsAsync(Write("hello, this is a text"u8.ToArray()), "invalid magic characters");

    [Fact]
    public Task A_truncated_file_is_incomplete() => AssertFailsAsync(Write(Chat[..500_000]), "model is corrupted or incomplete");

    [Fact]
    public Task An_unknown_architecture_is_named() =>
        AssertFailsAsync(Write(Replace(Chat, "llama", "lxama")), "unknown model architecture: 'lxama'");

    [Fact]
    public Task Layers_without_end_are_refused_before_they_abort_the_process()
    {
        byte[] model = [.. Chat];
        int at = model.AsSpan().IndexOf("llama.block_count"u8) + "llama.block_count".Length + 4;
        model[at + 3] = 0x80;
        return AssertFailsAsync(Write(model), "llama.cpp has room for 512");
    }

    [Fact]
    public async Task A_context_that_does_not_fit_in_memory_is_a_clean_failure()
    {
        // The limit is on address space, so that the machine's memory plays no part; the managed heap would take more of it than there is.
        const string Limited = "ulimit -v 8000000; export DOTNET_GCHeapHardLimit=8000000; exec \"$0\" \"$@\"";
        await using HostProcess host = HostProcess.LaunchProgram(
            "/bin/sh", ["-c", Limited, HostProcess.Program, "-m", HostProcess.ChatModel, "-c", "8000000", "-np", "1"]);

        Assert.Equal(1, await host.WaitForExitAsync());
        Assert.Contains("failed to create_context with model", host.Log);
        Assert.DoesNotContain("Unhandled", host.Log);
    }

    [Theory]
    [InlineData("--pooling rank", "llama-server")]
    [InlineData("nonsense", "begins with -")]
    [InlineData("--ctx-size many", "many")]
    [InlineData("--cpu-variant sse", "noavx")]
    public async Task A_bad_argument_is_one_sentence(string argument, string part)
    {
        await using HostProcess host = HostProcess.Launch(["-m", HostProcess.ChatModel, .. argument.Split(' ')]);

        Assert.Equal(1, await host.WaitForExitAsync());
        Assert.Contains(part, host.Log);
        Assert.DoesNotContain("   at ", host.Log);
    }

    private static byte[] Chat { get; } = File.ReadAllBytes(HostProcess.ChatModel);

    private static byte[] Replace(byte[] bytes, string what, string with) =>
        Encoding.Latin1.GetBytes(Encoding.Latin1.GetString(bytes).Replace(what, with, StringComparison.Ordinal));

    private string Write(byte[] bytes)
    {
        string path = Path.Join(_folder, "model.gguf");
        File.WriteAllBytes(path, bytes);
        return path;
    }

    private static async Task AssertFailsAsync(string model, string cause)
    {
        await using HostProcess host = HostProcess.Launch("-m", model);

        Assert.Equal(1, await host.WaitForExitAsync());
        Assert.Contains(cause, host.Log);
        Assert.Contains("exiting due to model loading error", host.Log);
        Assert.DoesNotContain("   at ", host.Log);
        Assert.False(File.Exists(host.SocketPath));
    }
}
