using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ModelRunner.Client;

namespace ModelRunner.Cli;

/// <summary><c>model-runner configure</c>: changes the settings of a model in the running daemon, shows these changes, and takes them back.</summary>
internal sealed class ConfigureCommand : ClientCommand
{
    private const string Route = "engines/_configure";

    private readonly Argument<string> _model = new("MODEL") { Description = "The model", Arity = ArgumentArity.ZeroOrOne };
    private readonly Argument<string[]> _flags = new("FLAGS")
    {
        Description = "Flags of llama-server, after --; they replace those of an earlier call", Arity = ArgumentArity.ZeroOrMore,
    };

    private readonly Option<string> _contextSize = new("--context-size")
    {
        Description = "Tokens of context per slot; -1: the whole context of the model; auto: the largest that fits", HelpName = "N",
    };

    private readonly Option<string> _keepAlive = new("--keep-alive")
    {
        Description = "How long it stays loaded when idle, such as 10m; 0: until its next response; -1: until it is unloaded", HelpName = "TIME",
    };

    private readonly Option<int?> _reasoningBudget = new("--reasoning-budget")
    {
        Description = "The tokens that the model may think; 0: none; -1: no limit", HelpName = "N",
    };

    private readonly DraftOptions _draft = new();
    private readonly Option<bool> _list = new("--list") { Description = "Show what was changed, of all models" };
    private readonly Option<bool> _show = new("--show") { Description = "Show what was changed, of MODEL" };
    private readonly Option<bool> _reset = new("--reset") { Description = "Use the settings of the configuration file again, for MODEL or with --all" };
    private readonly Option<bool> _all = new("--all") { Description = "With --reset: all models" };

    public ConfigureCommand(CliContext context)
        : base("configure", "Change the settings of a model until the daemon ends", context)
    {
        Add(_model);
        Add(_flags);
        foreach (Option option in (Option[])[_contextSize, _keepAlive, _reasoningBudget, .. _draft.All, _list, _show, _reset, _all])
            Add(option);
    }

    protected override async Task<int> RunAsync(ParseResult result, DaemonClient client, Interrupt interrupt)
    {
        string? model = string.IsNullOrWhiteSpace(result.GetValue(_model)) ? null : result.GetValue(_model);
        ReadOnlyMemory<byte> change = ChangeOf(result, model);
        Check(result, model, change.Length > 0);
        if (result.GetValue(_reset))
            return await ResetAsync(result, client, model, interrupt);

        if (change.Length > 0)
            (await client.PostAsync(Route, change, interrupt.Ended)).Dispose();
        using JsonDocument settings = await client.GetJsonAsync(PathOf(model), JsonValueKind.Array, interrupt.Ended);
        if (IsJson(result))
            Console.WriteLine(settings.RootElement.GetRawText());
        else
            Console.Write(Describe(settings.RootElement, model, NeedsLoad(result)));
        return ExitCode.Success;
    }

    private async Task<int> ResetAsync(ParseResult result, DaemonClient client, string? model, Interrupt interrupt)
    {
        using JsonDocument answer = await client.DeleteJsonAsync(PathOf(model), JsonValueKind.Object, interrupt.Ended);
        long count = answer.RootElement.Integer("reset_models") ?? 0;
        if (IsJson(result))
            Console.WriteLine(answer.RootElement.GetRawText());
        else if (count == 0)
            Console.WriteLine(model is null ? "No model had changed settings." : $"{model} had no changed settings.");
        else
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Reset the settings of {count} model{(count == 1 ? "" : "s")}."));
        return ExitCode.Success;
    }

    private void Check(ParseResult result, string? model, bool changes)
    {
        int views = new[] { _list, _show, _reset }.Count(result.GetValue);
        if (views > 1 || (views == 1 && changes))
            throw new CliFailure("write --list, --show, --reset, or the settings to change, and only one of them", ExitCode.Usage);
        if (result.GetValue(_all) && (!result.GetValue(_reset) || model is not null))
            throw new CliFailure("--all belongs to --reset without a model", ExitCode.Usage);
        if (result.GetValue(_list) && model is not null)
            throw new CliFailure("--list shows all models; write --show to see one", ExitCode.Usage);
        if (!result.GetValue(_list) && model is null && !result.GetValue(_all))
            throw new CliFailure(UsageCheck.NeedsModel(this), ExitCode.Usage);
        if (views == 0 && !changes)
            throw new CliFailure("name a setting to change, such as --context-size 8192; --show shows what was changed", ExitCode.Usage);
    }

    // The time for which a model stays loaded applies at once.
    private bool NeedsLoad(ParseResult result) =>
        result.GetValue(_contextSize) is not null || result.GetValue(_reasoningBudget) is not null || result.GetValue(_flags) is { Length: > 0 }
        || _draft.IsIn(result);

    // Empty: the user changes nothing.
    private ReadOnlyMemory<byte> ChangeOf(ParseResult result, string? model)
    {
        (string? context, string? keepAlive, int? budget) = (result.GetValue(_contextSize), result.GetValue(_keepAlive), result.GetValue(_reasoningBudget));
        DurationFlag.CheckKeepAlive(_keepAlive.Name, keepAlive);
        int? size = ContextFlag.CheckSetting(context);
        _draft.Check(result);
        string[] flags = result.GetValue(_flags) ?? [];
        if (context is null && keepAlive is null && budget is null && flags.Length == 0 && !_draft.IsIn(result))
            return default;

        return JsonObject.Write(json =>
        {
            json.WriteString("model", model);
            if (size is { } tokens)
                json.WriteNumber("context-size", tokens);
            else if (context is not null)
                json.WriteString("context-size", context);
            if (keepAlive is not null)
                json.WriteString("keep_alive", keepAlive);
            if (budget is { } limit)
            {
                json.WriteStartObject("llamacpp");
                json.WriteNumber("reasoning-budget", limit);
                json.WriteEndObject();
            }

            _draft.Write(result, json);
            if (flags.Length > 0)
                JsonObject.WriteList(json, "runtime-flags", flags);
        });
    }

    private static string PathOf(string? model) => model is null ? Route : $"{Route}?model={Uri.EscapeDataString(model)}";

    private static string Describe(JsonElement settings, string? model, bool needsLoad)
    {
        JsonElement[] entries = [.. settings.Items()];
        if (entries.Length == 0)
            return model is null ? "No model has changed settings.\n" : $"{model} has the settings of the configuration file.\n";
        string table = TextTable.Draw(["MODEL", "CONTEXT", "KEEP ALIVE", "REASONING", "DRAFT", "FLAGS"], entries.Select(static entry => Row(entry)));
        return needsLoad ? $"{table}\nA loaded runner keeps its old settings until it is idle.\n" : table;
    }

    private static string[] Row(JsonElement entry)
    {
        JsonElement config = entry.Member("Config") ?? default;
        string context = config.Member("context-size")?.ToString() ?? "";
        string budget = config.Member("llamacpp")?.Member("reasoning-budget")?.ToString() ?? "";
        string flags = string.Join(' ', (config.Member("runtime-flags") ?? default).Items().Select(static flag => flag.ToString()));
        return [entry.Text("Model"), context == "-1" ? "whole" : context, config.Text("keep_alive"), budget, DraftOptions.Describe(config), flags];
    }
}
