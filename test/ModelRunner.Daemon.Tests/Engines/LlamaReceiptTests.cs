using ModelRunner.Daemon.Engines.Llama;
using ModelRunner.Daemon.Runners;

namespace ModelRunner.Daemon.Tests.Engines;

/// <summary>What the log of llama.cpp tells about the devices in use. The lines have the form of real logs.</summary>
public sealed class LlamaReceiptTests
{
    private const string Whole = """
        0.00.052.278 I load_tensors: loading model tensors, this can take a while... (load_mode = mmap)
        load_tensors: offloading 80 repeating layers to GPU
        load_tensors: offloading output layer to GPU
        load_tensors: offloaded 81/81 layers to GPU
        load_tensors:        CUDA0 model buffer size = 24277.75 MiB
        load_tensors:        CUDA2 model buffer size = 46151.91 MiB
        load_tensors:   CPU_Mapped model buffer size =  1064.62 MiB
        """;

    private const string Part = """
        load_tensors: offloading 12 repeating layers to GPU
        load_tensors: offloaded 12/33 layers to GPU
        load_tensors:      Vulkan0 model buffer size =  1400.00 MiB
        load_tensors:    CUDA_Host model buffer size =  3000.00 MiB
        load_tensors:   CPU_Mapped model buffer size =  3000.00 MiB
        """;

    private const string None = "load_tensors: offloaded 0/33 layers to GPU\nload_tensors:          CPU model buffer size =  3000.00 MiB";

    private const string Processor = """
        0.00.052.278 I load_tensors: loading model tensors, this can take a while... (load_mode = mmap)
        0.00.052.716 I load_tensors:   CPU_Mapped model buffer size =     0.97 MiB
        """;

    private const string Silent = "0.00.354.822 I srv  llama_server: model loaded";

    [Theory]
    [InlineData(Whole, null, 1.0, "CUDA0,CUDA2,CPU")]
    [InlineData(Whole, "all", 1.0, "CUDA0,CUDA2,CPU")]
    [InlineData(Whole, "999", 1.0, "CUDA0,CUDA2,CPU")]
    [InlineData(Part, "auto", 12.0 / 33, "Vulkan0,CPU")]
    [InlineData(Part, "12", 1.0, "Vulkan0,CPU")]
    [InlineData(Part, "24", 0.5, "Vulkan0,CPU")]
    [InlineData(None, "99", 0.0, "CPU")]
    [InlineData(None, "0", null, "CPU")]
    [InlineData(Processor, null, null, "CPU")]
    [InlineData(Processor, "auto", null, "CPU")]
    [InlineData(Processor, "-1", null, "CPU")]
    [InlineData(Processor, "-2", 0.0, "CPU")]
    [InlineData(Part, "-1", 12.0 / 33, "Vulkan0,CPU")]
    [InlineData(Processor, "99", 0.0, "CPU")]
    [InlineData(Processor, "all", 0.0, "CPU")]
    [InlineData(Silent, "99", null, "")]
    [InlineData("", "99", null, "")]
    [InlineData(Part + "\n" + Processor, "99", 0.0, "CPU")]
    [InlineData("load_tensors: offloaded 99999999999/33 layers to GPU", "9", 0.0, "")]
    public void Layers_and_devices_are_read(string log, string? layers, double? ratio, string devices)
    {
        RunnerReceipt receipt = LlamaReceipt.ReadLog(log.Split('\n'), layers);

        Assert.Equal((ratio, devices), (receipt.OffloadRatio, receipt.Devices));
    }

    [Theory]
    [InlineData("""{"build_info":"b11669-Debian","default_generation_settings":{"n_ctx":2048}}""", "b11669-Debian", 2048)]
    [InlineData("""{"build_info":7,"default_generation_settings":{"n_ctx":"a"}}""", null, null)]
    [InlineData("""{"build_info":"","default_generation_settings":[]}""", null, null)]
    [InlineData("""{"build_info":"\ud800","default_generation_settings":{"n_ctx":2048}}""", null, null)]
    [InlineData("""["build_info"]""", null, null)]
    [InlineData("{", null, null)]
    public void The_version_and_the_context_are_read(string body, string? version, int? context)
    {
        RunnerReceipt receipt = LlamaReceipt.AddProperties(new RunnerReceipt { ConfiguredContext = 9 }, System.Text.Encoding.UTF8.GetBytes(body));

        Assert.Equal((version, context, 9), (receipt.EngineVersion, receipt.EffectiveContext, receipt.ConfiguredContext));
    }

    [Fact]
    public void The_lines_of_a_draft_model_are_not_those_of_the_model()
    {
        string[] lines =
        [
            "load_tensors: offloaded 10/33 layers to GPU", "load_tensors:        CUDA0 model buffer size =   100.00 MiB",
            "common_speculative_init_result: loading draft model '/m/small.gguf'", "load_tensors: loading model tensors, this can take a while...",
            "load_tensors: offloaded 7/7 layers to GPU", "load_tensors:        CUDA1 model buffer size =   100.00 MiB",
        ];

        RunnerReceipt receipt = LlamaReceipt.ReadLog(lines, "33");

        Assert.Equal((10, "CUDA0", null), (receipt.OffloadedLayers, receipt.Devices, receipt.DraftProblem));
    }

    [Theory]
    [InlineData("E spec common_specu: the target and draft vocabs are not compatible", "its vocabulary is not that of the model; name one of the same family")]
    [InlineData("E srv load_model: failed to initialize speculative decoding context: x", "llama-server cannot use it with this model; name another one")]
    [InlineData("I spec common_specu: no implementations specified for speculative decoding", "--spec-type selects no kind of drafting that uses it")]
    public void A_draft_model_that_is_not_used_is_told(string line, string problem) =>
        Assert.Equal([$"the draft model is not used: {problem}"], LlamaReceipt.ReadLog(["loading draft model '/m/small.gguf'", line], null).Shortfalls);

    [Fact]
    public void A_long_version_is_cut()
    {
        string body = $$"""{"build_info":"{{new string('b', 5000)}}"}""";

        Assert.InRange(LlamaReceipt.AddProperties(new RunnerReceipt(), System.Text.Encoding.UTF8.GetBytes(body)).EngineVersion!.Length, 60, 65);
    }

    [Fact]
    public void What_is_less_than_configured_is_named()
    {
        Assert.Equal(
            ["12 of 33 layers are on a graphics card, the others on the processor", "the context is 2048 tokens instead of 4096"],
            (LlamaReceipt.ReadLog(Part.Split('\n'), "all") with { ConfiguredContext = 4096, EffectiveContext = 2048 }).Shortfalls);
        Assert.Equal(["no layer is on a graphics card"], LlamaReceipt.ReadLog(Processor.Split('\n'), "all").Shortfalls);
        Assert.Empty((LlamaReceipt.ReadLog(Whole.Split('\n'), null) with { ConfiguredContext = 4096, EffectiveContext = 8192 }).Shortfalls);
        Assert.Empty(new RunnerReceipt { ConfiguredContext = 4096 }.Shortfalls);
    }
}
