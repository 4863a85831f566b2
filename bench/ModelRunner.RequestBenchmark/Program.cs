using ModelRunner.RequestBenchmark;

// dotnet run -c Release --project bench/ModelRunner.RequestBenchmark
return await RequestBenchmarkCommand.RunAsync(args);
