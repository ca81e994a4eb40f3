import { oft } from "../../../plugins/peft/oft.ts";
import { testAgainstPyTorch } from "./_golden_peft.ts";

testAgainstPyTorch(oft);
