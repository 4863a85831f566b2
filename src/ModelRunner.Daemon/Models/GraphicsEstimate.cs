using ModelRunner.Gguf;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Models;

/// <summary>How much graphics memory a runner will need. All sizes are in bytes.</summary>
/// <param name="Weights">The layers on cards, without the image projector.</param>
/// <param name="Cache">Their part of the cache.</param>
/// <param name="Each">What each card needs beside them: the driver's own memory, the buffer for one batch, and the rest of a layer that is not divided.</param>
/// <param name="Copied">The part of the weights that main memory has too.</param>
/// <param name="Offload">The arguments.</param>
internal sealed record GraphicsEstimate(double Weights, double Cache, double Each, double Copied, Offload Offload)
{
    // What CUDA and its libraries take on a card for each process. 250 to 450 MiB are usual.
    private const double DriverBytes = 384 << 20;

    private const long Most = 1L << 50;

    /// <summary>What main memory needs less.</summary>
    public double Moved => Math.Max(0, Weights + Cache + Offload.ProjectorBytes - Copied);

    /// <summary>Everything on all cards together.</summary>
    public double Total => Weights + Cache + Offload.ProjectorBytes + (Each * (Offload.IsOnOneDevice ? 1 : Offload.Devices.Count));

    /// <summary>Estimates the graphics memory of a runner; null: it uses no card.</summary>
    /// <param name="header">The header of the model's file.</param>
    /// <param name="weightBytes">Bytes of the model's files, the projector included.</param>
    /// <param name="offload">The arguments; null: no card is used, or it is not known how.</param>
    /// <param name="cache">Bytes of the whole cache.</param>
    /// <param name="compute">Bytes of the buffer for one batch.</param>
    public static GraphicsEstimate? Of(GgufHeader header, long weightBytes, Offload? offload, double cache, double compute)
    {
        if (offload is null || (offload is { Layers: 0, ComputesBatches: false, ProjectorBytes: 0 }))
            return null;
        int all = (int)Math.Clamp(header.BlockCount, 1, GgufHeader.MaxLayers);

        // llama.cpp counts what follows the layers as one more, and begins with the last one.
        int first = Math.Max(0, all + 1 - Math.Min(offload.Layers, all + 1));
        double share = offload.Layers == 0 ? 0 : (all - first) / (double)all;
        WeightShape shape = header.Weights;

        // Other files of the model, whose tensors are not known.
        double rest = Math.Max(0, weightBytes - offload.ProjectorBytes - shape.TotalBytes);
        double output = offload.Layers == 0 ? 0 : shape.OutputBytes + (shape.HasOutput ? 0 : shape.InputBytes);
        double layers = offload.Layers == 0 ? 0 : shape.LayerBytes(first, int.MaxValue) - shape.ExpertBytes(first, offload.ExpertLayers);
        double weights = layers + output + (rest * share);
        double keeps = offload.IsOverridden ? weights : shape.HasOutput || offload.Layers == 0 ? 0 : shape.InputBytes;
        double largest = offload.IsOnOneDevice ? 0 : (layers + (rest * share) + (cache * share)) / Math.Max(1, all - first);
        return new GraphicsEstimate(weights, offload.KeepsCache ? 0 : cache * share, DriverBytes + compute + largest, keeps, offload);
    }

    /// <summary>The same with a draft model in the same process.</summary>
    public GraphicsEstimate With(GraphicsEstimate? draft) => draft is null
        ? this
        : this with
        {
            Weights = Weights + draft.Weights,
            Cache = Cache + draft.Cache,
            Each = Each + draft.Each - DriverBytes,
            Copied = Copied + draft.Copied,
        };

    /// <summary>The demand of a runner.</summary>
    /// <param name="cardOf">The card of a device.</param>
    /// <param name="bytes">What all cards together need, from the estimate or from measurements.</param>
    /// <param name="least">The part of it that is certain; null: all.</param>
    public CardDemand DemandOn(Func<string, string> cardOf, double bytes, double? least = null)
    {
        string[] cards = [.. Offload.Devices.Select(cardOf)];
        string main = cards[Offload.MainDevice];
        double fixedBytes = Total - Weights - Cache;
        double divided = Math.Max(0, bytes - fixedBytes);
        CardShare[] projector = Offload.ProjectorBytes > 0 ? [new CardShare(main, Cut(Offload.ProjectorBytes))] : [];
        if (divided == 0)
            return new CardDemand { Cards = [], Fixed = [new CardShare(main, Cut(Each + Offload.ProjectorBytes))], Margin = Offload.Margin };
        if (Offload.Parts.Count > 0)
        {
            return new CardDemand
            {
                Cards = [], Fixed = [.. projector, .. Divide(cards, divided)], Margin = Offload.Margin,
                LeastFixed = least is { } some ? [.. projector, .. Divide(cards, Math.Max(0, some - fixedBytes))] : null,
            };
        }

        return new CardDemand
        {
            Cards = Offload.IsOnOneDevice ? [main] : cards, Fixed = projector, SharedBytes = Cut(divided), EachBytes = Cut(Each),
            LeastBytes = least is { } certain ? Cut(Math.Max(0, certain - fixedBytes)) : null, Margin = Offload.Margin,
        };
    }

    private IEnumerable<CardShare> Divide(string[] cards, double bytes)
    {
        double all = Offload.Parts.Sum();
        return cards.Zip(Offload.Parts).Where(static pair => pair.Second > 0)
            .Select(pair => new CardShare(pair.First, Cut((bytes * pair.Second / all) + Each)));
    }

    private static long Cut(double bytes) => (long)Math.Clamp(Math.Ceiling(bytes), 0, Most);
}
