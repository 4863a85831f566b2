using System.Net;
using ModelRunner.Store.Http;
using ModelRunner.Store.Pulls;
using ModelRunner.Testing.Registries;
using static ModelRunner.Testing.Registries.FaultKind;

namespace ModelRunner.Store.Tests.Pulls;

/// <summary>What networks, proxies and servers were reported to do to the files of a model.</summary>
internal static class FaultCases
{
    private const int Length = 100_000;
    private const int Some = 30_000;

    private static readonly OutgoingSettings ShortStall = new() { StallTimeout = TimeSpan.FromSeconds(1) };
    private static readonly OutgoingSettings ShortHeaders = new() { HeadersTimeout = TimeSpan.FromSeconds(1) };

    /// <summary>The model that is pulled.</summary>
    public static MadeArtifact Made { get; } = MadeArtifact.Of(MadeArtifact.MakeWeights(Length));

    /// <summary>The cases by their names.</summary>
    public static IReadOnlyDictionary<string, FaultCase> All { get; } = Make();

    private static string Weights => Made.Read().Layers[0].Digest.ToString();

    private static string Config => Made.Read().Config.Digest.ToString();

    private static Dictionary<string, FaultCase> Make()
    {
        var cases = new Dictionary<string, FaultCase>(StringComparer.Ordinal);
        AddConnections(cases);
        AddParts(cases);
        AddBytes(cases);
        AddRefusals(cases);
        return cases;
    }

    private static void AddConnections(Dictionary<string, FaultCase> cases)
    {
        cases["cut once"] = Survived(Once(Cut, Some));
        cases["cut before the first byte"] = Survived(Once(Cut));
        cases["cut each time, and bytes come"] = Survived(Always(Cut, Some));
        cases["cut each time, and no byte comes"] = new(PullResult.Network, "broke before the response was complete; try again", Always(Cut));
        cases["cut in the manifest, once"] = Survived(Once(Cut, 10) with { Path = "/manifests/" });
        cases["cut in the manifest each time"] =
            new(PullResult.Network, "broke before the response was complete; try again", Always(Cut, 10) with { Path = "/manifests/" });
        cases["stall once"] = Survived(Once(Stall, Some)) with { Outgoing = ShortStall };
        cases["stall each time"] = new(PullResult.Network, "sent nothing for 1 s, which is the limit; try again", Always(Stall)) { MaxTries = 2, Outgoing = ShortStall };
        cases["no answer, once"] = Survived(Once(NoAnswer)) with { Outgoing = ShortHeaders };
        cases["no answer each time"] =
            new(PullResult.Network, "did not answer within 1 s, which is the limit; try again", Always(NoAnswer)) { MaxTries = 2, Outgoing = ShortHeaders };
        cases["no answer for the manifest, once"] = Survived(Once(NoAnswer) with { Path = "/manifests/" }) with { Outgoing = ShortHeaders };
        cases["slow"] = Survived(Always(Slow, 1000) with { Pause = TimeSpan.FromMilliseconds(12) });
    }

    private static void AddParts(Dictionary<string, FaultCase> cases)
    {
        RegistryFault cut = Once(Cut, Some);
        cases["200 instead of 206"] = Survived(cut, Once(WholeForRange));
        cases["a wrong Content-Range"] =
            new(PullResult.Server, "\"bytes 30001-99999/100000\" instead of the one from byte 30000", cut, Always(WrongContentRange));
        cases["416 once"] = Survived(cut, Once(Status) with { Status = HttpStatusCode.RequestedRangeNotSatisfiable });
        cases["416 each time"] =
            new(PullResult.Server, "the partial file here may be too long", cut, Always(Status) with { Status = HttpStatusCode.RequestedRangeNotSatisfiable });
    }

    private static void AddBytes(Dictionary<string, FaultCase> cases)
    {
        cases["a web page"] = new(PullResult.Server, "a web page; check the proxy settings", Always(Html));
        cases["a web page for the configuration"] = new(PullResult.Server, "a web page", Always(Html) with { Path = Config });
        cases["a web page for the manifest"] = new(PullResult.Server, "Sign in to this network", Always(Html) with { Path = "/manifests/" });
        cases["gzip"] = new(PullResult.Server, "compressed with \"gzip\", which was not asked for", Always(Gzip));
        cases["a changed byte, once"] = Survived(Once(ChangedByte, 5000));
        cases["a changed byte after a cut"] = Survived(Once(Cut, Some), Once(ChangedByte, 5000));
        cases["a changed byte each time"] = new(PullResult.WrongBytes, "twice; a proxy or VPN may change the bytes", Always(ChangedByte, 5000));
        cases["another first byte each time"] = new(PullResult.WrongBytes, "is no GGUF file", Always(ChangedByte));
        cases["a changed byte in the configuration"] = new(PullResult.WrongBytes, "twice", Always(ChangedByte, 5) with { Path = Config });
        cases["a changed byte in the manifest"] = new(PullResult.WrongBytes, "instead of sha256:", Always(ChangedByte, 5) with { Path = "/manifests/" });
        cases["a longer body, once"] = Survived(Once(Longer, 100));
        cases["a longer body each time"] = new(PullResult.WrongBytes, "sends more than the 100000 bytes of", Always(Longer, 100));
        cases["a longer manifest"] = new(PullResult.Server, "was asked for a manifest and sent ", Always(Longer, 3) with { Path = "/manifests/" });
        cases["a shorter body, once"] = Survived(Once(Shorter, 635));
        cases["an empty body each time"] = new(PullResult.Network, "bytes too early; what was fetched is kept: pull again to continue", Always(Shorter));
    }

    private static void AddRefusals(Dictionary<string, FaultCase> cases)
    {
        RegistryFault busy = Always(Status) with { Status = HttpStatusCode.TooManyRequests };
        cases["429 without a time"] = Survived(busy with { Times = 2 });
        cases["429 with a time"] = Survived(busy with { RetryAfter = "0", Times = 2 });
        cases["429 for an hour"] = new(PullResult.RateLimited, "try again in 60 min", busy with { RetryAfter = "3600" });
        cases["429 for an hour for the manifest"] = new(PullResult.RateLimited, "try again in 60 min", busy with { RetryAfter = "3600", Path = "/manifests/" });
        cases["503 twice"] = Survived(Always(Status) with { Times = 2 });
        cases["503 each time"] = new(PullResult.Server, "answered 503", Always(Status));
        cases["503 for the manifest, twice"] = Survived(Always(Status) with { Times = 2, Path = "/manifests/" });
        cases["503 for the manifest each time"] = new(PullResult.Server, "answered 503", Always(Status) with { Path = "/manifests/" });
        cases["404 for a file"] = new(PullResult.NotFound, "answered 404", Always(Status) with { Status = HttpStatusCode.NotFound });
        cases["a redirect in a circle"] = new(PullResult.Server, "redirect", Always(RedirectLoop));
        cases["a redirect in a circle for the manifest"] = new(PullResult.Server, "redirect", Always(RedirectLoop) with { Path = "/manifests/" });
    }

    private static FaultCase Survived(params RegistryFault[] faults) => new(PullResult.Success, "Model pulled successfully", faults);

    private static RegistryFault Once(FaultKind kind, int bytes = 0) => Always(kind, bytes) with { Times = 1 };

    private static RegistryFault Always(FaultKind kind, int bytes = 0) => new(kind) { Path = Weights, Bytes = bytes };
}
