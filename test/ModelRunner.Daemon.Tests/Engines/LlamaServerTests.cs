using System.Text.Json;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Engines;

/// <summary>llama-server, where <c>LLAMA_SERVER_PATH</c> names one.</summary>
public sealed class LlamaServerTests : EngineTests
{
    private protected override RunnerSettings? Engine
    {
        get
        {
            string? path = Environment.GetEnvironmentVariable("LLAMA_SERVER_PATH");
            return path is null ? null : new RunnerSettings { LlamaServerPath = Directory.Exists(path) ? Path.Join(path, "llama-server") : path };
        }
    }

    [Fact]
    public async Task A_projector_lets_it_see_pictures()
    {
        using var folder = new TemporaryFolder();
        using LaunchBed bed = CreateBed();
        IManagedRunner runner = await StartWithProjectorAsync(bed, folder, width: 128);
        Assert.Null(await runner.Ready.WaitAsync(LaunchBed.Limit));

        using JsonDocument answer = await PostAsync(runner, "v1/chat/completions", $$$"""
            {"max_tokens":2,"messages":[{"role":"user","content":[{"type":"text","text":"what is this"},
             {"type":"image_url","image_url":{"url":"data:image/png;base64,{{{TinyProjector.RedSquare}}}"}}]}]}
            """);

        Assert.True(answer.RootElement.GetProperty("usage").GetProperty("prompt_tokens").GetInt32() > 4);
        await runner.StopAsync(StopReason.Unloaded).WaitAsync(LaunchBed.Limit);
    }

    [Fact]
    public async Task A_projector_of_another_model_is_named_as_the_cause()
    {
        using var folder = new TemporaryFolder();
        using LaunchBed bed = CreateBed();

        RunnerFailure? failure = await (await StartWithProjectorAsync(bed, folder, width: 64)).Ready.WaitAsync(LaunchBed.Limit);

        Assert.Equal(StopReason.ModelInvalid, failure?.Reason);
        Assert.Contains("the image projector is of another model", failure?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_context_that_does_not_fit_into_its_memory_is_out_of_memory()
    {
        using var folder = new TemporaryFolder();
        RunnerSettings engine = Prerequisite.Require(Engine, "Set LLAMA_SERVER_PATH to try llama-server.");
        string limited = folder.WriteExecutable("limited");
        await File.WriteAllTextAsync(limited, $"#!/bin/sh\nulimit -v 400000\nexec '{engine.LlamaServerPath}' \"$@\"\n");
        using var bed = new LaunchBed(new RunnerSettings { LlamaServerPath = limited });

        RunnerFailure? failure = await bed.StartModel(new ModelEntry("tiny:latest", ModelPath, 1, DateTimeOffset.UnixEpoch, new ModelSettings())
        {
            ContextSize = 8_000_000, Slots = 1,
        }).Ready.WaitAsync(LaunchBed.Limit);

        Assert.Equal((StopReason.OutOfMemory, CrashClass.OutOfMemory), (failure?.Reason, failure?.Class));
    }

    private static async Task<IManagedRunner> StartWithProjectorAsync(LaunchBed bed, TemporaryFolder folder, uint width)
    {
        string projector = folder.PathOf("mmproj.gguf");
        await File.WriteAllBytesAsync(projector, TinyProjector.Build(width));
        return bed.StartModel(new ModelEntry("tiny:latest", ModelPath, 1, DateTimeOffset.UnixEpoch, new ModelSettings())
        {
            ContextSize = 512, Slots = 1, ProjectorPath = projector,
        });
    }

    [Theory]
    [InlineData(1500)]
    [InlineData(4000)]
    public async Task An_input_as_long_as_the_context_becomes_a_vector(int words)
    {
        using var folder = new TemporaryFolder();
        string path = folder.PathOf("embed.gguf");
        await File.WriteAllBytesAsync(path, TinyEmbedder.Build(context: 4096));
        using LaunchBed bed = CreateBed();
        var model = new ModelEntry("tiny:latest", path, 1, DateTimeOffset.UnixEpoch, new ModelSettings()) { ContextSize = 4096, Slots = 2 };
        IManagedRunner runner = bed.StartModel(model, RunnerMode.Embedding);
        Assert.Null(await runner.Ready.WaitAsync(LaunchBed.Limit));

        string input = string.Join(' ', Enumerable.Repeat("a", words));
        using JsonDocument answer = await PostAsync(runner, "v1/embeddings", $$"""{"input":"{{input}}"}""");

        Assert.True(answer.RootElement.GetProperty("usage").GetProperty("prompt_tokens").GetInt32() >= words);
        await runner.StopAsync(StopReason.Unloaded).WaitAsync(LaunchBed.Limit);
    }
}
