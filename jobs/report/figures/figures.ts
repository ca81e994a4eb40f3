/**
 * The figures of runs, in the order in which a report shows them.
 * @module
 */
import type { Subject } from "../facts.ts";
import { reliabilityFigure, scoresFigure } from "./_calibration.ts";
import { commonMetric, comparisonFigure, foldsFigure } from "./_comparison.ts";
import { confusionFigure, labelsFigure } from "./_confusion.ts";
import { curveFigures } from "./_curves.ts";
import type { Figure } from "./figure.ts";
import { learningCurves } from "./_learning_curves.ts";
import { regressionFigures } from "./_regression.ts";

export { commonMetric, comparisonFigure };

/**
 * Describes all figures of a run or a group of folds.
 * @param subject The run or group.
 * @returns The figures; those of predictions only where it has been evaluated.
 */
export function subjectFigures(subject: Subject): Figure[] {
  return [...learningCurves(subject), ...splitFigures(subject), ...foldsFigure(subject)];
}

function splitFigures(subject: Subject): Figure[] {
  const { evaluation, predictions } = subject;
  if (evaluation === undefined) return [];
  if (evaluation.subtask === "regression") return regressionFigures(predictions, evaluation);
  return [
    evaluation.subtask === "multiclass" ? confusionFigure(evaluation) : labelsFigure(evaluation),
    ...curveFigures(subject, evaluation),
    reliabilityFigure(evaluation),
    ...scoresFigure(predictions, evaluation),
  ];
}
