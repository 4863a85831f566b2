using System.Security.Cryptography.X509Certificates;
using ModelRunner.Store.Http;
using ModelRunner.Store.Pulls;
using ModelRunner.Store.Tests.Layout;
using ModelRunner.Store.Tests.Pulls;
using ModelRunner.Testing;
using ModelRunner.Testing.Registries;
using static ModelRunner.Testing.Registries.FaultKind;

namespace ModelRunner.Store.Tests.HuggingFace;

/// <summary>
/// The same faults as those of registries, in the storage of Hugging Face. Each pull ends with all bytes, or with the error that names the fault and with no
/// model in the list. The next pull without the fault finishes.
/// </summary>
public sealed class HubStorageFaultTests
{
    private const string FileName = "Tiny-Q4_K_M.gguf";
    private const string Tag = "huggingface.co/org/tiny-gguf:Q4_K_M";
    private const int Length = 100_000;
    private const int Many = 30;

    private static readonly OutgoingSettings Impatient = new() { HeadersTimeout = TimeSpan.FromSeconds(1), StallTimeout = TimeSpan.FromSeconds(1) };

    private static readonly Dictionary<string, FaultCase> All = new(StringComparer.Ordinal)
    {
        ["cut once"] = Survived(new RegistryFault(Cut) { Bytes = 30_000 }),
        ["cut each time, and no byte comes"] = new(PullResult.Network, "broke before the response was complete; try again", Each(new RegistryFault(Cut))),
        ["stall once"] = Survived(new RegistryFault(Stall) { Bytes = 30_000 }),
        ["stall each time"] = new(PullResult.Network, "sent nothing for 1 s, which is the limit; try again", Each(new RegistryFault(Stall))) { MaxTries = 2 },
        ["no answer, once"] = Survived(new RegistryFault(NoAnswer)),
        ["slow"] = Survived(new RegistryFault(Slow) { Bytes = 1000, Pause = TimeSpan.FromMilliseconds(12) }),
        ["200 instead of 206"] = Survived(new RegistryFault(Cut) { Bytes = 30_000 }, new RegistryFault(WholeForRange)),
        ["a wrong Content-Range"] = new(
            PullResult.Server, "\"bytes 30001-99999/100000\" instead of the one from byte 30000",
            new RegistryFault(Cut) { Bytes = 30_000 }, new RegistryFault(WrongContentRange)),
        ["a redirect in a circle"] = new(PullResult.Server, "redirect", Each(new RegistryFault(RedirectLoop))),
        ["gzip"] = new(PullResult.Server, "compressed with \"gzip\", which was not asked for", new RegistryFault(Gzip)),
        ["a longer body, once"] = Survived(new RegistryFault(Longer) { Bytes = 100 }),
        ["a longer body each time"] = new(PullResult.WrongBytes, "sends more than the 100000 bytes of", Each(new RegistryFault(Longer) { Bytes = 100 })),
        ["a changed byte, once"] = Survived(new RegistryFault(ChangedByte) { Bytes = 5000 }),
        ["a changed byte each time"] = new(
            PullResult.WrongBytes, "twice; a proxy or VPN may change the bytes", Each(new RegistryFault(ChangedByte) { Bytes = 5000 })),
        ["503 twice"] = Survived(new RegistryFault(Status), new RegistryFault(Status)),
        ["503 each time"] = new(PullResult.Server, "answered 503", Each(new RegistryFault(Status))),
        ["429 twice"] = Survived(Busy("0"), Busy("0")),
        ["429 for an hour"] = new(PullResult.RateLimited, "try again in 60 min", Busy("3600")),
    };

    public static TheoryData<string> Cases => [.. All.Keys];

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task A_pull_ends_with_all_bytes_or_a_named_error(string name)
    {
        FaultCase fault = All[name];
        await using HubFixture hub = await HubFixture.StartAsync([(FileName, Length)], outgoing: Impatient, maxTries: fault.MaxTries);
        foreach (RegistryFault part in fault.Faults)
            hub.Server.Faults.Enqueue(part);

        await CheckAsync(hub, fault);
    }

    [Fact]
    public async Task A_redirect_from_https_to_http_is_refused()
    {
        using var folder = new TemporaryFolder();
        using var authority = new TestCertificates(folder);
        using X509Certificate2 certificate = authority.Server("hub");
        await using HubFixture hub = await HubFixture.StartAsync(
            [(FileName, Length)], outgoing: Impatient with { AuthorityFile = authority.AuthorityPath }, certificate: certificate);

        PullOutcome outcome = await hub.PullAsync();

        Assert.Equal(PullResult.Server, outcome.Result);
        Assert.Contains("redirected from https to http://", outcome.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", outcome.Message, StringComparison.Ordinal);
        Assert.Empty(hub.Server.Ranges);
        AssertListsNothing(hub);
    }

    /// <summary>Before, such a break ended the pull, and one before the headers was tried again.</summary>
    [Fact]
    public async Task An_answer_of_the_API_that_breaks_off_is_asked_for_again()
    {
        await using HubFixture hub = await HubFixture.StartAsync([(FileName, Length)], outgoing: Impatient);
        var broken = new HashSet<string>(StringComparer.Ordinal);
        hub.Server.Instead = async context =>
        {
            bool isFirst = context.Request.Path.StartsWithSegments("/api", StringComparison.Ordinal) && broken.Add(context.Request.Path.Value!);
            if (isFirst)
            {
                context.Response.ContentLength = 100;
                await context.Response.Body.WriteAsync("[{"u8.ToArray());
            }

            return isFirst;
        };

        PullOutcome outcome = await hub.PullAsync();

        Assert.True(outcome.Result == PullResult.Success, outcome.Message);
        Assert.Equal(2, broken.Count);
        hub.AssertHas(Tag, FileName);
    }

    private static async Task CheckAsync(HubFixture hub, FaultCase fault)
    {
        PullOutcome outcome = await hub.PullAsync();

        Assert.True(outcome.Result == fault.Result, $"{outcome.Result}: {outcome.Message}");
        Assert.Contains(fault.Text, outcome.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', outcome.Message);
        Assert.DoesNotContain("secret", outcome.Message, StringComparison.Ordinal);
        Assert.True(hub.Server.Faults.Count < fault.Faults.Length, "no fault was done");
        if (fault.Result != PullResult.Success)
        {
            AssertListsNothing(hub);
            hub.Server.Faults.Clear();
            PullOutcome next = await hub.PullAsync();
            Assert.True(next.Result == PullResult.Success, next.Message);
        }

        Assert.Empty(hub.Server.Faults);
        hub.AssertHas(Tag, FileName);
    }

    private static void AssertListsNothing(HubFixture hub)
    {
        Assert.Empty(hub.Store.Read().Entries);
        Assert.DoesNotContain(
            StoreFixture.FilesIn(hub.Store.Folder.Blobs), name => name == HubServer.DigestOf(hub.Server.Files[FileName]));
    }

    private static FaultCase Survived(params RegistryFault[] faults) => new(PullResult.Success, "Model pulled successfully", faults);

    private static RegistryFault[] Each(RegistryFault fault) => [.. Enumerable.Repeat(fault, Many)];

    private static RegistryFault Busy(string seconds) => new(Status) { Status = System.Net.HttpStatusCode.TooManyRequests, RetryAfter = seconds };
}
