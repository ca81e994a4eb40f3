import { loha } from "../../../plugins/peft/loha.ts";
import { testAgainstPyTorch } from "./_golden_peft.ts";

testAgainstPyTorch(loha);
