using ModelRunner.ScrapeBenchmark;
using ModelRunner.ScrapeBenchmark.Aggregators;

// dotnet run -c Release --project bench/ModelRunner.ScrapeBenchmark -- --floor
return FloorServer.IsAskedFor(args) ? FloorServer.Run(args) : await BenchmarkCommand.RunAsync(args);
