using System.Text.Json;
using ModelRunner.Daemon.Tests.Gguf;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>A request for a model that can never fit.</summary>
public sealed class LargeModelTests
{
    [Fact]
    public async Task The_refusal_names_another_quantization_that_is_here_and_fits()
    {
        using var folder = new TemporaryFolder();
        folder.Write("models/fox:q4_0.gguf", ShapeModels.Build("llama"));
        folder.Write("models/fox:q8_0.gguf", ShapeModels.Build("llama"));

        // The end of the file has no data, so it takes no space on the disk.
        await using (FileStream file = File.OpenWrite(Path.Join(folder.Path, "models", "fox:q8_0.gguf")))
            file.SetLength(400L << 20);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(
            new DaemonSetup { Folder = folder, Configuration = """{"limits":{"memory":"300MiB"}}""" });

        (int status, JsonElement body) = await daemon.PostAsync("v1/chat/completions", """{"model":"fox:q8_0","messages":[]}""");

        JsonElement error = body.GetProperty("error");
        Assert.Equal((503, "out_of_memory"), (status, error.GetProperty("code").GetString()));
        Assert.Matches("; a variant that is here fits: \"fox:q4_0\" \\(about [0-9]+ MiB\\)$", error.GetProperty("message").GetString());
    }
}
