using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ModelRunner.Client;

namespace ModelRunner.Cli;

/// <summary><c>model-runner unload</c>: stops runners.</summary>
internal sealed class UnloadCommand : ClientCommand
{
    private readonly Argument<string[]> _models = new("MODEL") { Description = "The models to unload", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<bool> _all = new("--all") { Description = "Stop all runners" };
    private readonly Option<string> _backend = new("--backend") { Description = "Only runners of this backend", HelpName = "NAME" };

    private readonly Option<bool> _purge = new("--purge") { Description = "Also remove the saved contexts of the models" };

    public UnloadCommand(CliContext context)
        : base("unload", "Stop the runners of models", context)
    {
        Add(_models);
        Add(_all);
        Add(_backend);
        Add(_purge);
    }

    protected override async Task<int> RunAsync(ParseResult result, DaemonClient client, Interrupt interrupt)
    {
        string[] models = result.GetValue(_models) ?? [];
        string? backend = result.GetValue(_backend);
        if (backend is not null && string.IsNullOrWhiteSpace(backend))
            throw new CliFailure("--backend is empty; name a backend, or leave it out", ExitCode.Usage);
        bool isAll = result.GetValue(_all) || (models.Length == 0 && backend is not null);
        if (models.Length == 0 && !isAll)
            throw new CliFailure("name a model, or stop all runners with --all; \"model-runner ps\" lists the loaded runners", ExitCode.Usage);
        if (models.Any(string.IsNullOrWhiteSpace))
            throw new CliFailure(UsageCheck.NeedsModel(this), ExitCode.Usage);
        if (models.Length > 0 && isAll)
            throw new CliFailure("name models or write --all, not both", ExitCode.Usage);

        bool purges = result.GetValue(_purge);
        if (purges && backend is not null)
            throw new CliFailure("--purge removes the contexts of models of all backends; leave out --backend", ExitCode.Usage);

        using JsonDocument answer = await client.PostJsonAsync("engines/unload", Body(isAll, backend, models, purges), interrupt.Ended);
        long unloaded = answer.RootElement.Integer("unloaded_runners") ?? 0;
        if (IsJson(result))
            Console.WriteLine(answer.RootElement.GetRawText());
        else if (unloaded > 0 || models.Length == 0)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Unloaded {unloaded} runner{(unloaded == 1 ? "" : "s")}."));

        if (purges && !IsJson(result))
        {
            long contexts = answer.RootElement.Integer("removed_contexts") ?? 0;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Removed {contexts} saved context{(contexts == 1 ? "" : "s")}."));
        }

        if (unloaded > 0 || models.Length == 0 || purges)
            return ExitCode.Success;

        if (answer.RootElement.Integer("attached_runners") > 0)
        {
            Console.WriteError($"{string.Join(", ", models)} is served by an attached server, which the daemon does not stop; stop it where it was started");
            return ExitCode.Failure;
        }

        Console.WriteError($"no runner of {string.Join(", ", models)} is loaded; \"model-runner ps\" lists the loaded runners");
        return ExitCode.Failure;
    }

    private static ReadOnlyMemory<byte> Body(bool isAll, string? backend, string[] models, bool purges)
    {
        return JsonObject.Write(json =>
        {
            json.WriteBoolean("all", isAll);
            json.WriteString("backend", backend ?? "");
            JsonObject.WriteList(json, "models", models);
            if (purges)
                json.WriteBoolean("purge", true);
        });
    }
}
