using ModelRunner.Configuration;
using ModelRunner.Daemon.Engines.Llama;
using ModelRunner.Daemon.Runners;
using ModelRunner.Linux.Graphics;

namespace ModelRunner.Daemon.Tests.Runners;

public sealed class CardMapTests
{
    private static readonly CardMemory[] Cards = [new("0000:01:00.0", 24L << 30, 0), new("0000:02:00.0", 24L << 30, 0), new("0000:03:00.0", 8L << 30, 0)];

    [Fact]
    public void The_list_of_llama_server_is_read()
    {
        const string Text = "Available devices:\n  CUDA0: NVIDIA GeForce RTX 3090 (24135 MiB, 23500 MiB free)\n"
            + "  ROCm1: AMD (x) (8176 MiB, 1 MiB free)\r\n  (none)\n";
        Assert.Equal([new EngineDevice("CUDA0", 24135L << 20), new EngineDevice("ROCm1", 8176L << 20)], DeviceList.Parse(Text));
    }

    [Fact]
    public void As_many_devices_as_cards_are_in_the_same_order() =>
        Assert.Equal(
            ["0000:01:00.0", "0000:02:00.0", "0000:03:00.0"],
            Match(false, 23, 23, 8)!.OrderBy(static pair => pair.Key, StringComparer.Ordinal).Select(static pair => pair.Value));

    [Fact]
    public void A_device_that_is_the_only_one_of_its_size_is_known_in_any_order()
    {
        Assert.Equal("0000:03:00.0", Match(true, 8)!["CUDA0"]);
        Assert.Equal("0000:03:00.0", Match(false, 8)!["CUDA0"]);
    }

    [Fact]
    public void What_is_not_certain_is_not_assumed()
    {
        Assert.Null(Match(true, 23, 23, 8));
        Assert.Null(Match(false, 23));
        Assert.Null(Match(false, 23, 23, 12));
        Assert.Null(Match(false, 8, 8));
    }

    [Fact]
    public void Two_engines_that_name_one_card_differently_are_both_understood()
    {
        EngineDevice[] cuda = [new("CUDA0", 8L << 30)];
        EngineDevice[] vulkan = [new("Vulkan0", 8L << 30)];
        EngineDevice[] other = [new("CUDA1", 12L << 30)];
        IReadOnlyDictionary<string, string> map = CardMap.MatchAll([cuda, vulkan, other], [Cards[2]], hasChoice: true)!;

        Assert.Equal(["CUDA0", "Vulkan0"], map.Keys.Order(StringComparer.Ordinal));
        Assert.All(map.Values, static card => Assert.Equal("0000:03:00.0", card));
        Assert.Null(CardMap.MatchAll([[new("CUDA0", 24L << 30), new("CUDA1", 24L << 30)], other], [.. Cards.Take(2)], hasChoice: true));
    }

    [Fact]
    public void A_name_that_means_two_cards_is_not_used()
    {
        EngineDevice[] first = [new("CUDA0", 8L << 30)];
        EngineDevice[] second = [new("CUDA0", 24L << 30), new("CUDA1", 8L << 30)];
        IReadOnlyDictionary<string, string> map = CardMap.MatchAll([first, second], [Cards[0], Cards[2]], hasChoice: false)!;

        Assert.Equal("CUDA1", Assert.Single(map).Key);
    }

    private static IReadOnlyDictionary<string, string>? Match(bool hasChoice, params int[] gibibytes) =>
        CardMap.Match([.. gibibytes.Select(static (size, i) => new EngineDevice($"CUDA{i}", (long)size << 30))], Cards, hasChoice);
}
