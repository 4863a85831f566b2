using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Runners;

/// <summary>Which loaded models a change of settings concerns, if a file and a pulled model have names that an entry could mean.</summary>
public sealed class EffectiveSettingsTests
{
    private const string File = "smollm2:latest";
    private const string Pulled = "ai/smollm2:latest";

    private static readonly ModelSettings None = new();
    private static readonly ModelSettings Before = new() { ContextSize = 512, KeepAlive = TimeSpan.FromMinutes(20), Concurrency = 1 };
    private static readonly ModelSettings After = new() { ContextSize = 768, KeepAlive = TimeSpan.FromMinutes(30), Concurrency = 2 };

    [Fact]
    public void The_entry_of_a_file_concerns_no_pulled_model_with_a_similar_name()
    {
        EffectiveSettings settings = Change([Runner(File, Before), Runner(Pulled, None)], (File, After), (Pulled, None));

        Assert.Equal([File], settings.FindOutdatedModels());
        Assert.Equal((TimeSpan.FromMinutes(30), 2), (settings.KeepAlive[File], settings.Concurrency[File]));
        Assert.False(settings.KeepAlive.ContainsKey(Pulled) || settings.Concurrency.ContainsKey(Pulled));
    }

    [Fact]
    public void Without_the_file_it_concerns_the_pulled_model()
    {
        EffectiveSettings settings = Change([Runner(Pulled, Before)], (Pulled, After));

        Assert.Contains(Pulled, settings.FindOutdatedModels());
        Assert.Equal((TimeSpan.FromMinutes(30), 2), (settings.KeepAlive[Pulled], settings.Concurrency[Pulled]));
    }

    [Fact]
    public void A_model_that_is_unknown_now_has_the_settings_of_the_entry_of_its_name()
    {
        EffectiveSettings settings = Change([Runner(Pulled, Before)]);

        Assert.Contains(Pulled, settings.FindOutdatedModels());
        Assert.Equal(2, settings.Concurrency[Pulled]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Of_two_runners_of_one_model_only_the_one_with_other_settings_is_outdated(bool isOutdatedFirst)
    {
        RunnerSnapshot[] runners = [Runner(File, After), Runner(File, Before, RunnerMode.Embedding)];
        EffectiveSettings settings = Change([.. isOutdatedFirst ? runners.Reverse() : runners], (File, After));

        Assert.Contains(File, settings.FindOutdatedModels());
        Assert.Equal([runners[0].Id], settings.CurrentRunners);
    }

    [Fact]
    public void A_model_whose_runners_are_all_current_is_not_outdated()
    {
        EffectiveSettings settings = Change([Runner(File, After), Runner(File, After, RunnerMode.Embedding)], (File, After));

        Assert.DoesNotContain(File, settings.FindOutdatedModels());
    }

    [Fact]
    public void A_runner_whose_settings_are_others_after_a_scan_is_outdated()
    {
        // A file smollm2.gguf appeared, so the entry is no longer that of the pulled model.
        RunnerSnapshot[] runners = [Runner(Pulled, Before), Runner(File, Before)];
        var found = new Dictionary<string, ModelSource> { [Pulled] = Source(Pulled, None), [File] = Source(File, Before with { KeepAlive = null }) };

        Assert.Equal(
            [KeyValuePair.Create(runners[0].Id, OutdatedReason.Settings)], OutdatedRunners.Find(runners, found.GetValueOrDefault, []));
    }

    private static EffectiveSettings Change(RunnerSnapshot[] runners, params (string Name, ModelSettings Settings)[] found)
    {
        Dictionary<string, ModelSource> sources = found.ToDictionary(static model => model.Name, static model => Source(model.Name, model.Settings));
        return new EffectiveSettings(new SettingsChange(Settings(Before), Settings(After)), runners, sources.GetValueOrDefault);
    }

    private static DaemonSettings Settings(ModelSettings entry) => new()
    {
        Listen = new ListenSettings(null, null),
        ModelsPath = "/nowhere",
        Runners = new RunnerSettings(),
        Models = new Dictionary<string, ModelSettings>(StringComparer.Ordinal) { [File] = entry },
    };

    private static ModelSource Source(string name, ModelSettings settings) => ModelSource.Create(name, null, settings, ModelOrigin.Store, null);

    private static RunnerSnapshot Runner(string name, ModelSettings settings, RunnerMode mode = RunnerMode.Completion) => new()
    {
        Id = new RunnerId((name == File ? 1 : 2) + (mode == RunnerMode.Completion ? 0 : 10)),
        Key = new RunnerKey(ModelSettings.LlamaBackend, name, mode),
        State = RunnerState.Ready,
        IsAttached = false,
        Engine = "llama-server",
        Model = new ModelEntry(name, $"/nowhere/{name}", 1, DateTimeOffset.UnixEpoch, settings),
    };
}
