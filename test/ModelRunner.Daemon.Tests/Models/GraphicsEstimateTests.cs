using ModelRunner.Configuration;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Tests.Gguf;
using ModelRunner.Gguf;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Models;

/// <summary>Which parts of a model count as graphics memory, by the arguments of llama-server.</summary>
public sealed class GraphicsEstimateTests
{
    private const long Mebibyte = 1 << 20;

    private static readonly GgufHeader Llama = GgufHeaderReader.Read(new MemoryStream(ShapeModels.Build("llama"))).Header!;
    private static readonly GgufHeader Experts = GgufHeaderReader.Read(new MemoryStream(ShapeModels.Build("qwen3moe"))).Header!;
    private static readonly string[] FitFlags = ["--fit", "--list-devices", "-a", "-b", "-c", "-d", "-e", "-f"];

    [Fact]
    public void All_layers_move_from_main_memory_to_the_card()
    {
        MemoryEstimate all = Estimate(Llama, "--n-gpu-layers", "99");
        GraphicsEstimate graphics = all.Graphics!;

        Assert.Equal(all.Cache, graphics.Cache, 0.5);
        long output = Llama.Weights.OutputBytes + (Llama.Weights.HasOutput ? 0 : Llama.Weights.InputBytes);
        Assert.Equal(Llama.Weights.LayerBytes(0, 4096) + output, graphics.Weights, 0.5);
        Assert.Equal(all.Total - graphics.Moved, all.BesideCards().Total, 2.0);
        Assert.InRange(graphics.Each, all.Compute + (256 * Mebibyte), all.Compute + (512 * Mebibyte));
        Assert.True(all.BesideCards().Cache < 1);
    }

    [Fact]
    public void Layers_are_taken_from_the_last_one_and_the_output_is_one_of_them()
    {
        GraphicsEstimate one = Estimate(Llama, "--n-gpu-layers", "1").Graphics!;
        GraphicsEstimate two = Estimate(Llama, "--n-gpu-layers", "2").Graphics!;
        int last = (int)Llama.BlockCount - 1;
        Assert.Equal(0, one.Cache);
        Assert.Equal(Llama.Weights.LayerBytes(last, last + 1), two.Weights - one.Weights, 0.5);
        Assert.Equal(Estimate(Llama).Cache / Llama.BlockCount, two.Cache, 0.5);
    }

    [Fact]
    public void The_cache_and_the_experts_can_stay_in_main_memory()
    {
        MemoryEstimate kept = Estimate(Llama, "--n-gpu-layers", "99", "--no-kv-offload");
        Assert.Equal((0, kept.Cache), (kept.Graphics!.Cache, kept.BesideCards().Cache));

        double whole = Estimate(Experts, "--n-gpu-layers", "99").Graphics!.Weights;
        Assert.True(Experts.Weights.ExpertBytes(0, 4096) > 0);
        Assert.Equal(whole - Experts.Weights.ExpertBytes(0, 4096), Estimate(Experts, "--n-gpu-layers", "99", "--cpu-moe").Graphics!.Weights, 0.5);
        Assert.Equal(whole - Experts.Weights.ExpertBytes(0, 1), Estimate(Experts, "--n-gpu-layers", "99", "--n-cpu-moe", "1").Graphics!.Weights, 0.5);
    }

    // It is not known where the pattern puts them.
    [Fact]
    public void Weights_whose_place_a_pattern_decides_count_twice()
    {
        MemoryEstimate moved = Estimate(Llama, "--n-gpu-layers", "99", "--override-tensor", "x=CPU");
        Assert.Equal(moved.Weights, moved.BesideCards().Weights + moved.BesideCards().Cache, 2.0);
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("--n-gpu-layers auto", true)]
    [InlineData("--n-gpu-layers all", false)]
    [InlineData("--n-gpu-layers 20", false)]
    [InlineData("--fit off", false)]
    [InlineData("--tensor-split 1,1", false)]
    [InlineData("--cpu-moe", false)]
    [InlineData("--split-mode row", false)]
    public void Only_a_number_of_layers_that_nobody_chose_is_adapted(string arguments, bool adapts) =>
        Assert.Equal(adapts, Offload.Read(arguments.Split(' '), Runners(devices: 2), 0)!.Margin is not null);

    [Fact]
    public void The_margin_is_that_of_llama_server()
    {
        Assert.Equal(1024 * Mebibyte, Offload.Read([], Runners(1), 0)!.Margin);
        Assert.Equal(512 * Mebibyte, Offload.Read(["--fit-target", "256,512"], Runners(2), 0)!.Margin);
    }

    [Fact]
    public void Without_cards_or_with_an_unknown_rule_everything_is_main_memory()
    {
        Assert.Null(Offload.Read(["--n-gpu-layers", "99"], new RunnerSettings(), 0));
        Assert.Null(Offload.Read(["--n-gpu-layers", "99", "--device", "none"], Runners(2), 0));
        Assert.Null(Offload.Read([], Runners(2) with { EngineFlags = null }, 0));
        Assert.Null(Estimate(Llama, "--n-gpu-layers", "0", "--no-op-offload").Graphics);
    }

    [Fact]
    public void One_card_or_parts_in_proportion_or_what_is_free()
    {
        CardDemand main = Demand(2, 7, "--n-gpu-layers", "99", "--split-mode", "none", "--main-gpu", "1");
        Assert.Equal(["card1"], main.Cards);
        Assert.Equal([new CardShare("card1", 7)], main.Fixed);

        CardDemand parts = Demand(2, 7, "--n-gpu-layers", "99", "--tensor-split", "3,1");
        GraphicsEstimate estimate = Estimate(Llama, 2, "--n-gpu-layers", "99", "--tensor-split", "3,1").Graphics!;
        Assert.Equal(["card0", "card0", "card1"], parts.Fixed.Select(static share => share.Card));
        Assert.Equal(3, (parts.Fixed[1].Bytes - estimate.Each) / (parts.Fixed[2].Bytes - estimate.Each), 0.001);

        CardDemand free = Demand(2, 0, "--n-gpu-layers", "99");
        Assert.Equal(["card0", "card1"], free.Cards);
        Assert.Equal((0, null), (free.Fixed.Count, free.Margin));
        Assert.Equal(["card1"], Demand(2, 0, "--n-gpu-layers", "99", "--device", "CUDA1").Cards);
    }

    // Even then a card computes large batches.
    [Fact]
    public void No_layers_still_need_the_buffer_of_a_batch()
    {
        CardDemand demand = Demand(1, 0, "--n-gpu-layers", "0");
        Assert.Equal((0, 1), (demand.SharedBytes, demand.Fixed.Count));
        Assert.True(demand.TotalBytes > 256 * Mebibyte);
    }

    [Fact]
    public void Measurements_correct_it_and_a_single_one_is_not_certain()
    {
        GraphicsEstimate estimate = Estimate(Llama, "--n-gpu-layers", "99").Graphics!;
        long more = (long)estimate.Total * 2;
        LoadPeak[] loads = [new("k", 1, 1, more, HasServed: true), new("k", 2, 1, null, HasServed: true)];
        CorrectedMemory once = CorrectedMemory.Of(estimate, loads);
        Assert.Equal(((long)(more * 1.05), (long)estimate.Total, 1), (once.Bytes, once.LeastBytes, once.Loads));
        CardDemand demand = estimate.DemandOn(static _ => "card0", once.Bytes, once.LeastBytes);
        Assert.Equal(once.Bytes, demand.TotalBytes, 4.0);
        Assert.True(demand.LeastBytes < demand.SharedBytes);
    }

    [Fact]
    public void The_advice_names_fewer_layers()
    {
        string[] arguments = ["--n-gpu-layers", "99", "--no-op-offload"];
        RunnerShape shape = Shape(1, 0, arguments);
        var model = new ModelEntry("m:latest", "/m.gguf", 1, default, new ModelSettings())
        {
            Header = Llama, WeightBytes = Llama.Weights.TotalBytes, Shape = shape,
        };
        GraphicsEstimate all = MemoryEstimate.Of(Llama, model.WeightBytes, shape).Graphics!;
        long limit = (long)(all.Each + ((all.Weights + all.Cache) * 0.8));
        var cards = new Dictionary<string, string>(StringComparer.Ordinal) { ["CUDA0"] = "card0" };
        var room = new MemoryRoom(1L << 40, cards, new Dictionary<string, long>(StringComparer.Ordinal) { ["card0"] = limit });

        string advice = MemoryAdvice.For(model, RunnerMode.Completion, room, room)!;
        Assert.Matches(
            $"^it fits with --n-gpu-layers [0-9]+ in its args \\(now {Llama.BlockCount + 1}\\)(, or with .+)?$", advice);
    }

    [Fact]
    public void The_most_layers_are_found_with_few_questions()
    {
        RunnerShape shape = Shape(1, 0, ["--n-gpu-layers", "2000000000"]);
        int questions = 0;
        Assert.Equal("--n-gpu-layers 1234567 in its args (now 2000000000)", LayerAdvice.For(long.MaxValue / 2, shape, FitsCards, static _ => true));
        Assert.InRange(questions, 1, 32);
        Assert.Null(LayerAdvice.For(100, shape, FitsCards, static _ => false));
        Assert.Equal("--device none in its args", LayerAdvice.For(100, shape, static _ => false, static changed => changed.Offload is null));

        bool FitsCards(RunnerShape changed)
        {
            questions++;
            return changed.Offload!.Layers <= 1234567;
        }
    }

    private static CardDemand Demand(int devices, long projector, params string[] arguments)
    {
        GraphicsEstimate estimate = MemoryEstimate.Of(Llama, Llama.Weights.TotalBytes + projector, Shape(devices, projector, arguments)).Graphics!;
        return estimate.DemandOn(static device => device.Replace("CUDA", "card", StringComparison.Ordinal), estimate.Total);
    }

    private static MemoryEstimate Estimate(GgufHeader header, params string[] arguments) => Estimate(header, 1, arguments);

    private static MemoryEstimate Estimate(GgufHeader header, int devices, params string[] arguments) =>
        MemoryEstimate.Of(header, header.Weights.TotalBytes, Shape(devices, 0, arguments));

    private static RunnerShape Shape(int devices, long projector, string[] arguments) =>
        RunnerShape.Read(arguments, isLlamaServer: true, 4096, 2) with { Offload = Offload.Read(arguments, Runners(devices), projector) };

    private static RunnerSettings Runners(int devices) => new()
    {
        EngineDevices = [.. Enumerable.Range(0, devices).Select(static i => new EngineDevice($"CUDA{i}", 8L << 30))],
        EngineFlags = new EngineFlags(FitFlags.ToHashSet(StringComparer.Ordinal), new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal)),
    };
}
