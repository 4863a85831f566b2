using System.Globalization;
using ModelRunner.Fuzz.Running;
using ModelRunner.Fuzz.Targets;
using SharpFuzz;

return args switch
{
    ["run", .. var options] => Run(options),
    ["replay", var file, .. var targets] => Replay(file, targets),
    ["afl", var target] => Afl(target),
    _ => Usage(),
};

// Mutates the corpus in this process, without instrumentation: for CI and for a first look.
static int Run(string[] options)
{
    var seconds = double.Parse(Option(options, "--seconds", "60"), CultureInfo.InvariantCulture);
    var seed = int.Parse(Option(options, "--seed", "1"), CultureInfo.InvariantCulture);
    Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"seed {seed}, {seconds} s, {FuzzCorpus.Seeds.Count} seeds"));
    var report = FuzzRun.Run(TimeSpan.FromSeconds(seconds), seed);
    Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{report.Executions} executions, {report.Executions / seconds:F0} a second"));
    if (report.Failure is null)
        return 0;
    var file = Path.Combine("artifacts", "fuzz", $"{report.Target}-{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(report.Input)[..6])}");
    Directory.CreateDirectory(Path.GetDirectoryName(file)!);
    File.WriteAllBytes(file, report.Input);
    Console.Error.WriteLine($"{report.Target}: {report.Failure}\nThe input is in {file}; repeat it with: fuzz replay {file} {report.Target}");
    return 1;
}

// Gives one input to all targets, or to those that are named. The error is not caught, so that a debugger stops where it happens.
static int Replay(string file, string[] targets)
{
    var input = File.ReadAllBytes(file);
    foreach (var target in FuzzTarget.All.Where(target => targets.Length == 0 || targets.Contains(target.Name)))
    {
        target.Check(input);
        Console.Out.WriteLine($"{target.Name}: holds");
    }

    return 0;
}

// For afl-fuzz, on assemblies that the sharpfuzz tool has instrumented.
static int Afl(string name)
{
    var target = FuzzTarget.All.Single(target => target.Name == name);
    Fuzzer.OutOfProcess.Run(stream =>
    {
        using var input = new MemoryStream();
        stream.CopyTo(input);
        target.Check(input.ToArray());
    });
    return 0;
}

static int Usage()
{
    Console.Error.WriteLine($"""
        fuzz run [--seconds 60] [--seed 1]   mutate the corpus in this process
        fuzz replay FILE [TARGET...]         give one input to the targets
        fuzz afl TARGET                      run under afl-fuzz
        Targets: {string.Join(", ", FuzzTarget.All.Select(target => target.Name))}
        """);
    return 2;
}

static string Option(string[] options, string name, string fallback)
{
    var index = Array.IndexOf(options, name);
    return index >= 0 && index + 1 < options.Length ? options[index + 1] : fallback;
}
